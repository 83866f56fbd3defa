import { PeapError } from "./errors.ts";
import { pause } from "../timing/pause.ts";
import { exponential } from "./random.ts";

/** What a cover message says: all of it (spec §5). */
const COVER_TEXT = new TextEncoder().encode("The cake is a lie!");

/** ms between two loop-cover messages, and between two messages of the real stream, on average (spec §7). */
export const MEAN_COVER_GAP = 1000;
export const MEAN_REAL_GAP = 500;

/** The plaintext of a loop-cover message: one that a client sends to itself. */
export function coverMessage(): Uint8Array {
  return COVER_TEXT.slice();
}

export function isCoverMessage(plaintext: Uint8Array): boolean {
  return plaintext.length === COVER_TEXT.length && COVER_TEXT.every((byte, index) => byte === plaintext[index]);
}

/** Calls `act` again and again, after gaps of `mean` ms on average, exponentially distributed, until it is aborted. */
export async function atRandomTimes(mean: number, act: () => void, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(exponential(mean), signal);
    if (signal.aborted) return;
    act();
  }
}

/**
 * Packets that leave at random times whether or not there is something to say: who watches the client sees a Poisson
 * process, and does not learn when it has something to send.
 */
export class RealStream {
  /** As many as have a packet to send: their number is bounded by the caller. All are rejected at the end. */
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  readonly #mean: number;
  readonly #sendCover: () => void;
  #isOver = false;

  /** `mean` is in ms; `sendCover` is called when it is time for a packet and nobody has one. */
  constructor(mean: number, sendCover: () => void) {
    this.#mean = mean;
    this.#sendCover = sendCover;
  }

  /** Gives turns until it is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await atRandomTimes(this.#mean, () => this.#next(), signal);
    this.#isOver = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }

  /** Resolves when it is the caller's turn to send one packet. Throws PeapError of kind `closed` when it is over. */
  turn(): Promise<void> {
    if (this.#isOver) return Promise.reject(closed());
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  #next(): void {
    const first = this.#waiting.shift();
    if (first) first.resolve();
    else this.#sendCover();
  }
}

function closed(): PeapError {
  return new PeapError("closed", "The client was closed");
}
