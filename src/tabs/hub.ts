import type { Peap } from "../peap/peap.ts";
import { FanOut, type Reader } from "./fan_out.ts";
import type { Port } from "./port.ts";
import { whenReleased } from "./presence.ts";
import { type Reply, type Request, wireError, wireStatus } from "./protocol.ts";

/** The part of a client that tabs use. */
export type TabsClient = Pick<
  Peap,
  "address" | "state" | "status" | "reconnect" | "send" | "close" | typeof Symbol.asyncIterator
>;

/** Gives tabs a common client. It is connected for the first tab and closed with the last one. */
export class Hub {
  readonly #connect: () => Promise<TabsClient>;
  #session: Promise<Session> | undefined;

  /** `connect` connects the client; it is called again when a tab comes after the client has ended, or has failed to. */
  constructor(connect: () => Promise<TabsClient>) {
    this.#connect = connect;
  }

  /** A tab has come. It gets `opened` or `refused`. */
  async accept(port: Port): Promise<void> {
    try {
      (await this.#current()).add(port);
    } catch (error) {
      port.postMessage({ type: "refused", error: wireError(error) } satisfies Reply);
      port.close();
    }
  }

  #current(): Promise<Session> {
    if (this.#session) return this.#session;
    const session = this.#open();
    this.#session = session;
    const forget = () => {
      if (this.#session === session) this.#session = undefined;
    };
    session.then(({ ended }) => ended, () => {}).then(forget);
    return session;
  }

  async #open(): Promise<Session> {
    return new Session(await this.#connect());
  }
}

/** A client and its tabs. */
class Session {
  readonly client: TabsClient;
  readonly messages: FanOut;
  /** Resolves when the client has ended. */
  readonly ended: Promise<void>;
  readonly #tabs = new Set<Tab>();

  constructor(client: TabsClient) {
    this.client = client;
    this.messages = new FanOut(client);
    this.ended = this.#report();
  }

  add(port: Port): void {
    this.#tabs.add(new Tab(port, this));
    const { address, state } = this.client;
    port.postMessage({ type: "opened", address, status: wireStatus(state) } satisfies Reply);
  }

  /**
   * A tab has gone, and the client with it if the tab was the last or `all` go. But closing a client takes what it has
   * handed out: if no loop has taken that, the client ends with its worker, and gets the message again next time.
   */
  async leave(tab: Tab, all: boolean): Promise<void> {
    this.#tabs.delete(tab);
    if ((all || this.#tabs.size === 0) && !this.messages.isUntaken) await this.client.close();
  }

  async #report(): Promise<void> {
    for await (const status of this.client.status()) {
      for (const tab of this.#tabs) tab.reply({ type: "status", status: wireStatus(status) });
    }
  }
}

/** A tab, with its calls and loops. */
class Tab {
  readonly #port: Port;
  readonly #session: Session;
  readonly #sends = new Map<number, AbortController>();
  readonly #readers = new Map<number, Reader>();
  #isGone = false;

  constructor(port: Port, session: Session) {
    this.#port = port;
    this.#session = session;
    port.onmessage = ({ data }) => this.#receive(data as Request);
  }

  reply(reply: Reply): void {
    if (!this.#isGone) this.#port.postMessage(reply);
  }

  #receive(request: Request): void {
    const { client, messages } = this.#session;
    if (request.type === "send") return this.#answer(request.call, this.#send(request));
    if (request.type === "abort") return this.#sends.get(request.call)?.abort();
    if (request.type === "next") return this.#answer(request.call, this.#next(request.loop));
    if (request.type === "reconnect") return client.reconnect();
    if (request.type === "alive") return void whenReleased(request.lock).then(() => this.#vanish());
    if (request.type === "close") return void this.#close(request);
    const reader = this.#readers.get(request.loop);
    this.#readers.delete(request.loop);
    if (reader) void messages.stop(reader);
  }

  #answer(call: number, result: Promise<Omit<Extract<Reply, { type: "answer" }>, "type" | "call"> | void>): void {
    result.then(
      (answer) => this.reply({ type: "answer", call, ...answer }),
      (error) => this.reply({ type: "error", call, error: wireError(error) }),
    );
  }

  async #send({ call, recipient, data }: Extract<Request, { type: "send" }>): Promise<void> {
    const controller = new AbortController();
    this.#sends.set(call, controller);
    try {
      await this.#session.client.send(recipient, data, {
        signal: controller.signal,
        onProgress: (progress) => this.reply({ type: "progress", call, progress }),
      });
    } finally {
      this.#sends.delete(call);
    }
  }

  async #next(loop: number): Promise<{ message?: { data: Uint8Array; id: string } }> {
    const { messages } = this.#session;
    const reader = this.#readers.get(loop) ?? messages.start();
    this.#readers.set(loop, reader);
    const message = await messages.next(reader);
    return message ? { message: { data: message.data, id: message.id } } : {};
  }

  /** Takes what its loops have had, as closing a client does. */
  async #close({ call, all }: Extract<Request, { type: "close" }>): Promise<void> {
    for (const reader of this.#readers.values()) await this.#session.messages.stop(reader);
    await this.#session.leave(this, all);
    this.reply({ type: "answer", call });
    this.#isGone = true;
    this.#port.close();
  }

  /** The tab has gone without a word, and has taken nothing. */
  async #vanish(): Promise<void> {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const reader of this.#readers.values()) this.#session.messages.forget(reader);
    await this.#session.leave(this, false);
    this.#port.close();
  }
}
