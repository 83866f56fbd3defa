import type { Reassembled } from "./reassembly.ts";
import type { Frame } from "./receipts.ts";

/** A message, with the frames that it came in. */
export type Letter = Reassembled<Frame>;

/** The most frames whose messages wait to be taken, 32 MiB: when there are more, `isFull`, and no more should come in. */
export const MAX_WAITING_FRAMES = 32_768;

/** Messages that wait for the application, in the order in which they became complete. */
export class Inbox {
  /** Bounded by `MAX_WAITING_FRAMES` and the frames of one message, as long as whoever puts heeds `isFull`. */
  readonly #letters = new Set<Letter>(); // keeps the order, and gives up its first in constant time
  /** Of the application: as many as it has loops over the messages. */
  readonly #takers: PromiseWithResolvers<void>[] = [];
  #waitingFrames = 0;
  #end: { reason: Error | undefined } | undefined;

  put(letter: Letter): void {
    this.#letters.add(letter);
    this.#waitingFrames += letter.origins.length;
    this.#takers.shift()?.resolve();
  }

  /**
   * The next message, waiting for one if need be; undefined after a proper end.
   *
   * @throws the reason for the end, if it has one, once all messages are taken
   */
  async take(): Promise<Letter | undefined> {
    for (;;) {
      const [letter] = this.#letters;
      if (letter) {
        this.#letters.delete(letter);
        this.#waitingFrames -= letter.origins.length;
        return letter;
      }
      if (this.#end?.reason) throw this.#end.reason;
      if (this.#end) return undefined;
      const taker = Promise.withResolvers<void>();
      this.#takers.push(taker);
      await taker.promise;
    }
  }

  /** No more messages come. Those that are there can still be taken. */
  end(reason?: Error): void {
    this.#end ??= { reason };
    for (const taker of this.#takers.splice(0)) taker.resolve();
  }

  get isFull(): boolean {
    return this.#waitingFrames > MAX_WAITING_FRAMES;
  }

  /** Whether there is so much room again that it makes sense to let more in. */
  get isHalfEmpty(): boolean {
    return this.#waitingFrames <= MAX_WAITING_FRAMES / 2;
  }
}
