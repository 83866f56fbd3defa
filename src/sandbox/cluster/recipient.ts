import { Peap, type PeapOptions } from "../../peap/mod.ts";

/** A client that receives numbered messages. */
export class Recipient implements AsyncDisposable {
  /** how often each number has come */
  readonly #received = new Map<number, number>();
  readonly #tasks: Promise<unknown>;
  #arrivals = 0;
  #brokeAt: number | undefined;
  #longestAbsence = 0;

  private constructor(readonly peap: Peap) {
    this.#tasks = Promise.allSettled([this.#receive(), this.#follow()]);
  }

  /** Registers, or logs in. */
  static async connect(options: PeapOptions): Promise<Recipient> {
    return new Recipient(await Peap.connect(options));
  }

  /** The numbers that have come. */
  get numbers(): ReadonlySet<number> {
    return new Set(this.#received.keys());
  }

  /** How many messages have come, repetitions included. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Whether it is logged in. */
  get isOnline(): boolean {
    return this.peap.state.state === "connected";
  }

  /** The longest time without a connection between two, in ms; 0 if none has broken. */
  get longestAbsence(): number {
    return this.#longestAbsence;
  }

  /** Disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.peap.close();
    await this.#tasks;
  }

  async #receive(): Promise<void> {
    for await (const message of this.peap) {
      const number = Number(message.text());
      this.#received.set(number, (this.#received.get(number) ?? 0) + 1);
      this.#arrivals++;
    }
  }

  async #follow(): Promise<void> {
    for await (const { state } of this.peap.status()) {
      if (state === "reconnecting") this.#brokeAt ??= performance.now();
      if (state !== "connected" || this.#brokeAt === undefined) continue;
      this.#longestAbsence = Math.max(this.#longestAbsence, performance.now() - this.#brokeAt);
      this.#brokeAt = undefined;
    }
  }
}
