import { PeapError } from "./errors.ts";
import { pause } from "../timing/pause.ts";
import { exponential } from "./random.ts";

/** The whole text of a cover message (spec §5). */
const COVER_TEXT = new TextEncoder().encode("The cake is a lie!");

/** Mean time between two loop-cover messages, in ms (spec §7). */
export const MEAN_COVER_GAP = 1000;
/** Mean time between two messages of the real stream, in ms (spec §7). */
export const MEAN_REAL_GAP = 500;

/** The plaintext of a loop-cover message, which a client sends to itself. */
export function coverMessage(): Uint8Array {
  return COVER_TEXT.slice();
}

/** Whether a plaintext is exactly the cover text. */
export function isCoverMessage(plaintext: Uint8Array): boolean {
  return plaintext.length === COVER_TEXT.length && COVER_TEXT.every((byte, index) => byte === plaintext[index]);
}

/** Calls `act` at exponentially distributed intervals of `mean` ms until aborted. */
export async function atRandomTimes(mean: number, act: () => void, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(exponential(mean), signal);
    if (signal.aborted) return;
    act();
  }
}

/**
 * Sends a packet at random times, whether or not there is a message: an observer sees a Poisson process and does not
 * learn when the client has something to send.
 */
export class RealStream {
  /** One for each packet ready to be sent. Bounded by the caller. All are rejected at the end. */
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  readonly #mean: number;
  readonly #sendCover: () => void;
  #isOver = false;

  /** `mean` is in ms; `sendCover` is called when a packet is due and none is waiting. */
  constructor(mean: number, sendCover: () => void) {
    this.#mean = mean;
    this.#sendCover = sendCover;
  }

  /** Runs until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await atRandomTimes(this.#mean, () => this.#next(), signal);
    this.#isOver = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }

  /** Resolves when the caller may send one packet. Rejects with a PeapError of kind `closed` once `run` has ended. */
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
