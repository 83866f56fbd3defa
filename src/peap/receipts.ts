import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** A binary frame that the gateway pushed. */
export interface Frame {
  /** tells it from other frames when it comes again */
  readonly digest: string;
  /** Whether it may be acknowledged: its message was taken, or there is nothing in it to take. */
  done: boolean;
}

/** The frame of a cover message: done as it comes. The gateway stores none, so it can't come again. */
const COVER: Frame = { digest: "", done: true };

const DIGEST_SIZE = 16;

/**
 * Counts a connection's frames and says how many of them may be acknowledged: those up to the first that is not done.
 *
 * After a reconnect the gateway first pushes those again that were not acknowledged, in their order. A frame that comes
 * again is the same `Frame` in a new place: what was made of it (a message, taken or not, or a part of one) stands, and
 * nothing is made of it twice. Frames have no number, so they are told by contents and order. One whose acknowledgement
 * was sent but got lost looks like a new one of the same contents, and is taken for new: twice is better than never.
 */
export class Receipts {
  /** Of this connection, from the first that is not acknowledged. Whoever makes frames done in time bounds it. */
  #open: Frame[] = [];
  #acknowledged = 0;
  /** Of former connections: from `#position` on, what the gateway has yet to push again. */
  #expected: Frame[] = [];
  #position = 0;

  /**
   * A new connection: the count starts again.
   *
   * @param redelivers whether the gateway pushes again what was not acknowledged on the one before
   */
  connectionOpened(redelivers: boolean): void {
    const again = [...this.#open.filter((frame) => frame !== COVER), ...this.#expected.slice(this.#position)];
    this.#expected = redelivers ? again : [];
    this.#position = 0;
    this.#open = [];
    this.#acknowledged = 0;
  }

  /** The gateway pushed a cover message. */
  coverArrived(): void {
    this.#open.push(COVER);
  }

  /** The gateway pushed this. `isNew` is false if it had pushed it before: then nothing is to be made of it again. */
  arrived(contents: Uint8Array): { frame: Frame; isNew: boolean } {
    const digest = bytesToHex(sha256(contents).subarray(0, DIGEST_SIZE));
    const known = this.#takeExpected(digest);
    const frame = known ?? { digest, done: false };
    this.#open.push(frame);
    return { frame, isNew: !known };
  }

  /** How many frames of this connection may be acknowledged now. */
  acknowledge(): number {
    const undone = this.#open.findIndex((frame) => !frame.done);
    const done = this.#open.splice(0, undone === -1 ? this.#open.length : undone);
    return this.#acknowledged += done.length;
  }

  /** Those before it are not coming any more (their time at the gateway was over); if it is new, so are all after it. */
  #takeExpected(digest: string): Frame | undefined {
    const { length } = this.#expected;
    let at = this.#position;
    while (at < length && this.#expected[at]!.digest !== digest) at++;
    if (at === length) this.#expected = [];
    this.#position = at < length ? at + 1 : 0;
    return this.#expected[at];
  }
}
