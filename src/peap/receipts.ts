import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** A binary frame that the gateway pushed. */
export interface Frame {
  /** of its contents: 16 bytes of SHA-256, in hex */
  readonly digest: string;
  /** of its message in the inbox, if the gateway says it. It stays the same when the message is pushed again. */
  readonly number: number | undefined;
  /** Whether it may be acknowledged: its message was taken, or no message needs it. */
  done: boolean;
}

/** The frame of any cover message: done on arrival. The gateway stores no cover, so it is not pushed again. */
const COVER: Frame = { digest: "", number: undefined, done: true };

const DIGEST_SIZE = 16;

/**
 * Counts a connection's frames and determines how many of them may be acknowledged: all before the first that is not
 * done.
 *
 * After a reconnect the gateway first pushes the unacknowledged frames again, in order. A frame pushed again is the
 * same `Frame` in a new position: its message is not delivered twice. Frames are recognized by contents, by number if the
 * gateway gives one, and by order. A frame whose acknowledgement got lost is no longer known here when it is pushed again,
 * and is taken for new: twice is better than never.
 */
export class Receipts {
  /** This connection's unacknowledged frames. Bounded by the caller, who pauses the link when its inbox is full. */
  #open: Frame[] = [];
  #acknowledged = 0;
  /** Frames of former connections. Those from `#position` on have not been pushed again yet. */
  #expected: Frame[] = [];
  #position = 0;
  /** the number of the next stored message */
  #number: number | undefined;

  /**
   * Starts a new connection, whose frames are counted from zero.
   *
   * @param redelivers whether the gateway pushes again what was not acknowledged on the previous connection
   */
  connectionOpened(redelivers: boolean): void {
    const again = [...this.#open.filter((frame) => frame !== COVER), ...this.#expected.slice(this.#position)];
    this.#expected = redelivers ? again : [];
    this.#position = 0;
    this.#open = [];
    this.#acknowledged = 0;
    this.#number = undefined;
  }

  /** The gateway says the number of the next stored message. Those after it count up from there. */
  numberIs(number: number): void {
    this.#number = number;
  }

  /** Records a cover message. */
  coverArrived(): void {
    this.#open.push(COVER);
  }

  /**
   * Records a pushed frame. `isNew` is false if it was pushed before, on a former connection: then ignore its contents.
   */
  arrived(contents: Uint8Array): { frame: Frame; isNew: boolean } {
    const digest = bytesToHex(sha256(contents).subarray(0, DIGEST_SIZE));
    const number = this.#number;
    if (number !== undefined) this.#number = number + 1;
    const known = this.#takeExpected(digest, number);
    const frame = known ?? { digest, number, done: false };
    this.#open.push(frame);
    return { frame, isNew: !known };
  }

  /** The number of this connection's frames that may be acknowledged now, from its first. */
  acknowledge(): number {
    const undone = this.#open.findIndex((frame) => !frame.done);
    const done = this.#open.splice(0, undone === -1 ? this.#open.length : undone);
    return this.#acknowledged += done.length;
  }

  /**
   * Expected frames before it have expired at the gateway and are skipped. If it is new, all later ones are new too, where
   * only their order tells; where they have numbers, it may be one whose acknowledgement got lost, with known ones after it.
   */
  #takeExpected(digest: string, number: number | undefined): Frame | undefined {
    const { length } = this.#expected;
    const isOther = (frame: Frame) => frame.digest !== digest || frame.number !== number;
    let at = this.#position;
    while (at < length && isOther(this.#expected[at]!)) at++;
    if (at < length) this.#position = at + 1;
    else if (number === undefined) this.#expected = [];
    return this.#expected[at];
  }
}
