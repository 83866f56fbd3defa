import { Change } from "../timing/change.ts";
import type { Reassembled } from "./reassembly.ts";
import type { Frame } from "./receipts.ts";

/** A complete message, the frames that it came in, and its id. */
export interface Delivery extends Reassembled<Frame> {
  /** See `ReceivedMessage`. */
  readonly id: string;
}

/** The most frames of messages that are waiting to be taken: 32 MiB. Beyond it, the inbox `isFull`. */
export const MAX_WAITING_FRAMES = 32_768;

/** Messages waiting for the application, in the order in which they became complete. */
export class Inbox {
  /** Bounded by `MAX_WAITING_FRAMES` plus one message, provided that the caller of `put` respects `isFull`. */
  readonly #deliveries = new Set<Delivery>(); // keeps the order, and removes its first in constant time
  /** Pending calls of `take` wait for it: one for each of the application's loops over the messages. */
  readonly #changed = new Change();
  #waitingFrames = 0;
  #end: { reason: Error | undefined } | undefined;

  /** Appends a message. */
  put(delivery: Delivery): void {
    this.#deliveries.add(delivery);
    this.#waitingFrames += delivery.origins.length;
    this.#changed.happened();
  }

  /**
   * The next message, waiting for one if necessary; undefined after a regular end.
   *
   * @throws the reason for the end, if there is one, once all messages are taken
   */
  async take(): Promise<Delivery | undefined> {
    for (;;) {
      const [delivery] = this.#deliveries;
      if (delivery) {
        this.#deliveries.delete(delivery);
        this.#waitingFrames -= delivery.origins.length;
        return delivery;
      }
      if (this.#end?.reason) throw this.#end.reason;
      if (this.#end) return undefined;
      await this.#changed.next;
    }
  }

  /** Accepts no more messages. Those already here can still be taken. */
  end(reason?: Error): void {
    this.#end ??= { reason };
    this.#changed.happened();
  }

  /** Whether the client should stop receiving until messages are taken. */
  get isFull(): boolean {
    return this.#waitingFrames > MAX_WAITING_FRAMES;
  }

  /** Whether there is enough room again to resume receiving. */
  get isHalfEmpty(): boolean {
    return this.#waitingFrames <= MAX_WAITING_FRAMES / 2;
  }
}
