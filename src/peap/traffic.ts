import type { Clock } from "../timing/clock.ts";
import { pause } from "../timing/pause.ts";
import { exponential } from "./random.ts";

/** The whole text of a cover message (spec §5). */
const COVER_TEXT = new TextEncoder().encode("The cake is a lie!");

/** The plaintext of a loop-cover message, which a client sends to itself. */
export function coverMessage(): Uint8Array {
  return COVER_TEXT.slice();
}

/** Whether a plaintext is exactly the cover text. */
export function isCoverMessage(plaintext: Uint8Array): boolean {
  return plaintext.length === COVER_TEXT.length && COVER_TEXT.every((byte, index) => byte === plaintext[index]);
}

/** Calls `act` at exponentially distributed intervals of `mean` ms until aborted: a Poisson process. */
export async function atRandomTimes(mean: number, act: () => void, signal: AbortSignal, clock: Clock): Promise<void> {
  for (;;) {
    await pause(exponential(mean), signal, clock);
    if (signal.aborted) return;
    act();
  }
}
