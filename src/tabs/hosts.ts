import { type LobbyCall, tabChannel } from "./lobby.ts";
import type { Port } from "./port.ts";
import { locksHere } from "./presence.ts";

/** What a tab learns about its worker. */
export interface HostEvents {
  /** There is a way to a worker: at first, and when another worker has taken over. */
  joined(port: Port): void;
  /** The worker cannot run. */
  failed(error: Error): void;
}

/** How a tab reaches the worker that has the client. */
export interface Host {
  /** Whether the worker ends with this tab. */
  readonly leads: boolean;
  /** Looks for the worker, starting it if necessary. */
  start(events: HostEvents): void;
  /** Asks the worker again, after it has refused. */
  rejoin(): void;
  /** Lets the worker go. */
  close(): void;
}

/** A `SharedWorker`; or a `Worker` in one of the tabs, which they elect by `navigator.locks`. */
export type WorkerKind = "shared" | "dedicated";

/** How to start a worker; `Worker` and `SharedWorker` take the same. */
type Start<W> = new (script: string, options: { type: "module"; name: string }) => W;
type Failing = { onerror: ((event: { message?: string }) => void) | null };

/** The part of a page's global object that hosts need. */
interface Page {
  SharedWorker?: Start<Failing & { readonly port: Port }>;
  Worker?: Start<Failing & { terminate(): void }>;
  BroadcastChannel?: new (name: string) => Port;
}

/**
 * The host for a worker with this script. Tabs with equal scripts and names share one.
 *
 * @param kind by default a `SharedWorker`, where that exists
 * @throws Error if the page can have no such worker
 */
export function hostFor(script: string, name: string, kind?: WorkerKind): Host {
  const page = globalThis as unknown as Page;
  const { SharedWorker, Worker, BroadcastChannel } = page;
  if (SharedWorker && kind !== "dedicated") {
    return new SharedHost(() => new SharedWorker(script, { type: "module", name }));
  }
  const locks = locksHere();
  if (kind === "shared" || !Worker || !BroadcastChannel || !locks) {
    throw new Error("This page can have no SharedWorker, and no Worker with navigator.locks, which need https");
  }
  const lobby = `${name} ${script}`;
  return new ElectedHost(lobby, {
    start: () => new Worker(script, { type: "module", name: lobby }),
    open: (name) => new BroadcastChannel(name),
    lead: (hold, signal) => locks.request(lobby, { signal }, hold),
  });
}

class SharedHost implements Host {
  readonly leads = false; // the browser keeps the worker as long as one of its tabs is open
  readonly #start: () => Failing & { readonly port: Port };
  #port: Port | undefined;

  constructor(start: () => Failing & { readonly port: Port }) {
    this.#start = start;
  }

  start({ joined, failed }: HostEvents): void {
    const worker = this.#start();
    worker.onerror = ({ message }) => failed(scriptError(message)); // of a script that does not load
    this.#port = worker.port;
    joined(worker.port);
  }

  rejoin(): void {
    throw new Error("a SharedWorker is not taken over");
  }

  close(): void {
    this.#port?.close();
  }
}

/** What an elected host does in its page. */
interface Election {
  start(): Failing & { terminate(): void };
  open(channel: string): Port;
  /** Calls `hold` when this tab leads, which it does until that resolves. Rejects when `signal` is aborted before. */
  lead(hold: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

class ElectedHost implements Host {
  readonly #name: string;
  readonly #election: Election;
  readonly #tab = crypto.randomUUID();
  readonly #candidacy = new AbortController();
  readonly #led = Promise.withResolvers<void>();
  #events: HostEvents | undefined;
  #lobby: Port | undefined;
  #channel: Port | undefined;
  #leader: string | undefined;
  /** whether this tab's worker has yet to announce itself */
  #isStarting = false;
  leads = false;

  constructor(name: string, election: Election) {
    this.#name = name;
    this.#election = election;
  }

  start(events: HostEvents): void {
    this.#events = events;
    const lobby = this.#lobby = this.#election.open(this.#name);
    lobby.onmessage = ({ data }) => {
      const call = data as LobbyCall;
      if (call.type !== "leader" || call.leader === this.#leader) return;
      this.#leader = call.leader;
      this.#isStarting = false;
      this.rejoin();
    };
    this.#call({ type: "hello" });
    this.#election.lead(() => this.#lead(events), this.#candidacy.signal).catch(() => {}); // closed before it led
  }

  rejoin(): void {
    this.#channel?.close();
    this.#channel = this.#election.open(tabChannel(this.#name, this.#tab));
    this.#events!.joined(this.#channel);
    this.#call({ type: "join", leader: this.#leader!, tab: this.#tab });
  }

  close(): void {
    this.#candidacy.abort();
    this.#led.resolve();
    this.#lobby?.close();
    this.#channel?.close();
  }

  /** The worker announces itself, to this tab too. */
  async #lead({ failed }: HostEvents): Promise<void> {
    this.leads = true;
    this.#isStarting = true;
    const worker = this.#election.start();
    worker.onerror = ({ message }) => {
      if (this.#isStarting) failed(scriptError(message)); // later, it is an uncaught exception of the application's
    };
    await this.#led.promise;
    worker.terminate();
  }

  #call(call: LobbyCall): void {
    this.#lobby!.postMessage(call);
  }
}

function scriptError(message: string | undefined): Error {
  return new Error(`The worker's script failed${message ? `: ${message}` : " to load"}`);
}
