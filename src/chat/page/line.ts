import type { ConversationClient } from "../../conversation/mod.ts";
import {
  type MessageData,
  PeapError,
  type ReceivedMessage,
  type SendOptions,
  type Status,
  type Traffic,
} from "../../peap/mod.ts";
import type { SharedPeap } from "../../tabs/mod.ts";
import { Change } from "../../timing/change.ts";

/** ms before another attempt to connect */
const RETRY_AFTER = 1000;

/** How a line stands: as its client does, or switched off by the user. */
export type LineState = Status["state"] | "off";

/**
 * The line of conversations to the mixnet. It can be switched off and on, and change its cover, which a client cannot:
 * that takes another client with the same address. What is sent meanwhile waits.
 */
export class Line implements ConversationClient {
  /** of every client that the line has */
  readonly address: string;
  readonly #connect: (traffic: Traffic) => Promise<SharedPeap>;
  readonly #report: (state: LineState) => void;
  #peap: SharedPeap | undefined;
  #isClosed = false;
  readonly #changed = new Change();
  /** One change after the other. */
  #changes: Promise<void> = Promise.resolve();

  private constructor(
    connect: (traffic: Traffic) => Promise<SharedPeap>,
    report: (state: LineState) => void,
    peap: SharedPeap,
  ) {
    this.#connect = connect;
    this.#report = report;
    this.address = peap.address;
    this.#use(peap);
  }

  /** Connects for the first time. `connect` always has to return a client with the same address. */
  static async open(
    connect: (traffic: Traffic) => Promise<SharedPeap>,
    traffic: Traffic,
    report: (state: LineState) => void,
  ): Promise<Line> {
    return new Line(connect, report, await connect(traffic));
  }

  /** Connects with this cover, or disconnects if it is undefined. Resolves when that is done. */
  set(traffic: Traffic | undefined): Promise<void> {
    this.#changes = this.#changes.then(async () => {
      const before = this.#peap;
      this.#peap = undefined;
      this.#report(traffic === undefined ? "off" : "connecting");
      await before?.close();
      while (traffic !== undefined && !this.#peap && !this.#isClosed) await this.#attempt(traffic);
    });
    return this.#changes;
  }

  /** See `Peap`. Waits while the line is off. */
  async send(recipient: string, data: MessageData, options?: SendOptions): Promise<void> {
    for (let peap = await this.#connected(); peap; peap = await this.#connected()) {
      try {
        return await peap.send(recipient, data, options);
      } catch (error) {
        if (this.#peap === peap) throw error; // otherwise the line was switched off meanwhile
      }
    }
    throw new PeapError("closed", "The line was closed");
  }

  /** See `Peap`. Goes on when the line is on again. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, void> {
    for (let peap = await this.#connected(); peap; peap = await this.#connected()) {
      yield* peap;
      if (this.#peap === peap) return; // it was closed from elsewhere
    }
  }

  /** Ends for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.set(undefined);
    this.#changed.happened();
  }

  async #attempt(traffic: Traffic): Promise<void> {
    try {
      this.#use(await this.#connect(traffic));
    } catch (error) {
      if (!(error instanceof PeapError)) throw error;
      this.#report("reconnecting");
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
    }
  }

  /** The client, once there is one; undefined once the line is closed. */
  async #connected(): Promise<SharedPeap | undefined> {
    while (!this.#peap && !this.#isClosed) await this.#changed.next;
    return this.#peap;
  }

  #use(peap: SharedPeap): void {
    this.#peap = peap;
    this.#changed.happened();
    void this.#follow(peap);
  }

  async #follow(peap: SharedPeap): Promise<void> {
    for await (const { state } of peap.status()) if (this.#peap === peap) this.#report(state);
  }
}
