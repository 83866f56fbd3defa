import { type AbortSignalLike, onAbort } from "../peap/abort.ts";
import { PeapError } from "../peap/errors.ts";
import { bytesOf, type MessageData } from "../peap/message_bytes.ts";
import { check, type Checks, isSignal, that } from "../peap/option_checks.ts";
import type { Progress } from "../peap/outbox.ts";
import { ReceivedMessage } from "../peap/received_message.ts";
import { checkSendOptions, type SendOptions } from "../peap/send_options.ts";
import { Latest, type Status } from "../peap/status.ts";
import { retryDelays } from "../timing/backoff.ts";
import { pause } from "../timing/pause.ts";
import { type Host, hostFor, type WorkerKind } from "./hosts.ts";
import type { Port } from "./port.ts";
import { holdLock, locksHere } from "./presence.ts";
import { readError, readStatus, type Reply, type Request, type WireMessage } from "./protocol.ts";

/** How to reach the client that all tabs share. */
export interface SharedPeapOptions {
  /** URL of the worker's script, which calls `serveTabs`. Tabs with equal URLs share a client. */
  script: string | { readonly href: string };
  /** Keeps clients with the same script apart. Default: `peap`. */
  name?: string | undefined;
  /** Ends the attempt to connect; `connect` rejects with its reason. */
  signal?: AbortSignalLike | undefined;
  /** By default, `shared` where the browser has it. */
  kind?: WorkerKind | undefined;
}

const CHECKS: Checks<SharedPeapOptions> = {
  script: that((value) => urlOf(value) !== undefined, "must be the URL of a script"),
  name: that((value) => typeof value === "string", "must be text"),
  signal: isSignal,
  kind: that((value) => value === "shared" || value === "dedicated", 'must be "shared" or "dedicated"'),
};

/** ms between attempts of a worker that has taken over, if its client fails to connect */
const FIRST_RETRY_DELAY = 500;
const LONGEST_RETRY_DELAY = 30_000;

/** Something that the worker was asked for. */
interface Call {
  readonly request: Request;
  readonly resolve: (message: WireMessage | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * A client that runs in a worker and is shared by all tabs of a site, with the methods of `Peap`. In the worker, timers
 * keep their time while tabs are hidden.
 *
 * Every loop over the messages, in every tab, sees every message. It counts as taken when the first of them asks for the
 * next one, ends, or its tab closes the client. A loop that starts later begins with the first message that was not taken.
 */
export class SharedPeap implements AsyncIterable<ReceivedMessage>, AsyncDisposable {
  readonly #host: Host;
  readonly #status = new Latest<Status>({ state: "connecting" });
  readonly #closing = new AbortController();
  readonly #opened = Promise.withResolvers<void>();
  readonly #calls = new Map<number, Call>();
  readonly #delays = retryDelays(FIRST_RETRY_DELAY, LONGEST_RETRY_DELAY);
  readonly #gone = Promise.withResolvers<void>();
  /** what tells the worker that this tab is still there */
  readonly #lock: Promise<string> | undefined;
  #address: string | undefined;
  /** to the worker; undefined once this tab is gone */
  #port: Port | undefined;
  /** whether the worker has answered */
  #isOpen = false;
  #numbers = 0;
  /** why nothing more can be asked for */
  #end: Error | undefined;

  private constructor(host: Host) {
    this.#host = host;
    const locks = locksHere();
    this.#lock = locks && holdLock(locks, this.#gone.promise);
  }

  /**
   * Connects to the worker, which is started if no tab has one. Resolves when its client is connected.
   *
   * @throws what the script's `connect` throws; Error if its script fails, or this page can have no such worker;
   *   TypeError for bad options, naming them; the signal's reason
   */
  static async connect(options: SharedPeapOptions): Promise<SharedPeap> {
    check(options, CHECKS);
    const { script, name = "peap", signal, kind } = options;
    const url = urlOf(script);
    if (url === undefined) throw new TypeError("The option script is missing");
    return await SharedPeap.over(hostFor(url, name, kind), signal);
  }

  /** The same over any host. For tests. */
  static async over(host: Host, signal?: AbortSignalLike): Promise<SharedPeap> {
    if (signal?.aborted) throw signal.reason;
    const peap = new SharedPeap(host);
    const stop = onAbort(signal, () => peap.#opened.reject(signal!.reason));
    host.start({ joined: (port) => peap.#joined(port), failed: (error) => peap.#failed(error) });
    try {
      await peap.#opened.promise;
      return peap;
    } catch (error) {
      peap.#say({ type: "close", call: 0, all: host.leads }); // a worker that is still connecting reads it after that
      peap.#go();
      throw error;
    } finally {
      stop();
    }
  }

  /** See `Peap`. */
  get address(): string {
    return this.#address!;
  }

  /** See `Peap`. */
  get state(): Status {
    return this.#status.value;
  }

  /** See `Peap`. */
  status(): AsyncIterable<Status> {
    return this.#status;
  }

  /** See `Peap`. */
  reconnect(): void {
    this.#post({ type: "reconnect" });
  }

  /**
   * See `Peap`. If the tab that had the client closes meanwhile, it rejects with a retryable PeapError of kind
   * `connection`: some or all of the message may have been sent.
   */
  async send(recipient: string, data: MessageData, options: SendOptions = {}): Promise<void> {
    checkSendOptions(options);
    const { signal, onProgress } = options;
    const bytes = bytesOf(data);
    if (signal?.aborted) throw signal.reason;
    const call = ++this.#numbers;
    const { promise, resolve, reject } = Promise.withResolvers<WireMessage | undefined>();
    const giveUp = (error: unknown) => {
      this.#calls.delete(call);
      this.#post({ type: "abort", call });
      reject(error);
    };
    const stop = onAbort(signal, () => giveUp(signal!.reason));
    const request: Request = { type: "send", call, recipient, data: bytes };
    this.#ask(call, {
      request,
      resolve,
      reject,
      onProgress: onProgress && ((progress) => {
        try {
          onProgress(progress);
        } catch (error) {
          giveUp(error);
        }
      }),
    });
    await promise.finally(stop);
  }

  /** The messages. Ends when this tab closes the client; throws if the client fails, or this loop is too far behind. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, void> {
    const loop = ++this.#numbers;
    let last: string | undefined;
    try {
      for (let message = await this.#next(loop); message; message = await this.#next(loop)) {
        if (message.id === last) continue; // pushed again to a worker that has taken over
        last = message.id;
        yield new ReceivedMessage(message.data, message.id);
      }
    } finally {
      this.#post({ type: "stop", loop });
    }
  }

  /** Ends this tab's part: its loops, and the client if no other tab has one. What its loops have had is taken. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const closed = new PeapError("closed", "The client was closed");
    if (this.#isOpen && !this.#end) {
      const call = ++this.#numbers;
      const { promise, resolve } = Promise.withResolvers<unknown>();
      this.#ask(call, { request: { type: "close", call, all: this.#host.leads }, resolve, reject: resolve });
      await promise;
    }
    this.#finish(closed, { state: "closed" });
  }

  /** Same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** There is a worker, at first or in place of another one, which has not answered yet. */
  #joined(port: Port): void {
    this.#port = port;
    this.#isOpen = false;
    port.onmessage = ({ data }) => this.#receive(data as Reply);
    this.#sayAlive(port);
    if (this.#address === undefined || this.#end) return;
    this.#status.set({ state: "connecting" });
    const lost = new PeapError("connection", "The tab that had the client was closed; the message may have been sent");
    for (const [number, { request, reject }] of this.#calls) {
      if (request.type === "next") continue;
      this.#calls.delete(number);
      reject(lost);
    }
  }

  #receive(reply: Reply): void {
    if (reply.type === "opened") return this.#open(reply);
    if (reply.type === "refused") return void this.#refused(readError(reply.error));
    if (reply.type === "status") return this.#setStatus(readStatus(reply.status));
    const call = this.#calls.get(reply.call);
    if (reply.type === "progress") return call?.onProgress?.(reply.progress);
    this.#calls.delete(reply.call);
    if (reply.type === "error") call?.reject(readError(reply.error));
    else call?.resolve(reply.message);
  }

  #open({ address, status }: Extract<Reply, { type: "opened" }>): void {
    this.#isOpen = true;
    this.#address = address;
    this.#setStatus(readStatus(status));
    for (const { request } of this.#calls.values()) this.#post(request);
    this.#sayAlive(this.#port!); // again: a `BroadcastChannel` loses what comes before the worker listens
    this.#opened.resolve();
  }

  /** The client of a worker that has taken over is tried again, as a client tries its gateway. */
  async #refused(error: Error): Promise<void> {
    if (this.#address === undefined) return this.#opened.reject(error);
    if (!(error instanceof PeapError && error.retryable)) return this.#failed(error);
    const { value } = this.#delays.next();
    this.#status.set({ state: "reconnecting", in: value, cause: error });
    await pause(value, this.#closing.signal);
    if (!this.#end) this.#host.rejoin();
  }

  #failed(error: Error): void {
    this.#opened.reject(error);
    if (this.#address === undefined) return;
    const cause = error instanceof PeapError ? error : new PeapError("connection", error.message, { cause: error });
    this.#finish(cause, { state: "failed", cause });
  }

  #finish(end: PeapError, status: Status): void {
    if (this.#end) return;
    this.#end = end;
    this.#status.end(status);
    for (const { request, resolve, reject } of this.#calls.values()) {
      if (request.type === "next" && end.kind === "closed") resolve(undefined);
      else reject(end);
    }
    this.#calls.clear();
    this.#go();
  }

  #go(): void {
    this.#port = undefined;
    this.#gone.resolve();
    this.#host.close();
  }

  #setStatus(status: Status): void {
    const isLast = status.state === "failed" || status.state === "superseded" || status.state === "closed";
    if (isLast) this.#status.end(status);
    else this.#status.set(status);
  }

  async #next(loop: number): Promise<WireMessage | undefined> {
    if (this.#end instanceof PeapError && this.#end.kind === "closed") return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<WireMessage | undefined>();
    const call = ++this.#numbers;
    this.#ask(call, { request: { type: "next", call, loop }, resolve, reject });
    return await promise;
  }

  #ask(number: number, call: Call): void {
    if (this.#end) return call.reject(this.#end);
    this.#calls.set(number, call);
    this.#post(call.request);
  }

  /** Says something to the worker. What is asked for while there is none is said once there is. */
  #post(request: Request): void {
    if (this.#isOpen) this.#say(request);
  }

  /** By this the worker notices that this tab vanishes, also while its client is connecting. */
  #sayAlive(port: Port): void {
    void this.#lock?.then((lock) => {
      if (this.#port === port) this.#say({ type: "alive", lock });
    });
  }

  #say(request: Request): void {
    this.#port?.postMessage(request, request.type === "send" ? [request.data.buffer as ArrayBuffer] : []);
  }
}

/** The URL of a script, of which text may be relative to the page; undefined if it is not one. */
function urlOf(script: unknown): string | undefined {
  const base = (globalThis as { location?: { href: string } }).location?.href;
  const text = typeof script === "string" ? script : (Object(script) as { href?: unknown }).href;
  return typeof text === "string" && URL.canParse(text, base) ? new URL(text, base).href : undefined;
}
