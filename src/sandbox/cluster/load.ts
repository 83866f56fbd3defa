import { Peap, PeapError, type PeapOptions } from "../../peap/mod.ts";
import { pause } from "../../timing/pause.ts";

/** ms between two messages, and until one that could not be sent is sent again */
const GAP = 15;
const AGAIN = 200;

/** A client that sends numbered messages to several recipients in turn, until it is stopped. */
export class Load implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #sending: Promise<void>;
  readonly #sent: number[];

  private constructor(private readonly peap: Peap, private readonly recipients: readonly string[]) {
    this.#sent = recipients.map(() => 0);
    this.#sending = this.#send();
  }

  /** Connects and begins. `recipients`: addresses */
  static async start(options: PeapOptions, recipients: readonly string[]): Promise<Load> {
    return new Load(await Peap.connect(options), recipients);
  }

  /** How many messages its gateway has accepted for each recipient: those with the numbers from 0 on. */
  get sent(): readonly number[] {
    return this.#sent;
  }

  /** Sends nothing more; resolves when all that was begun is sent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sending;
  }

  /** Stops, and disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.peap.close();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { signal } = this.#stopping;
    const begun = new Set<Promise<void>>();
    for (let n = 0; !signal.aborted; n++, await pause(GAP, signal)) {
      const to = n % this.recipients.length;
      const sending = this.#sendOne(to, Math.floor(n / this.recipients.length)).finally(() => begun.delete(sending));
      begun.add(sending);
    }
    await Promise.all(begun);
  }

  /** Tries until its gateway has accepted it, or it is closed. */
  async #sendOne(to: number, number: number): Promise<void> {
    for (;;) {
      try {
        await this.peap.send(this.recipients[to]!, String(number));
        this.#sent[to] = this.#sent[to]! + 1;
        return;
      } catch (error) {
        if (error instanceof PeapError && error.kind === "closed") return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
  }
}
