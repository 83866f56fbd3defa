/** Consecutive frames with consecutive sequence numbers. Frames without one (cover messages) do not belong to a run. */
interface Run {
  /** number of the first frame on this connection, from 1 */
  frame: number;
  sequence: number;
  length: number;
}

/**
 * Decides which of the messages pushed over one connection have been delivered: those that the client has read, as its
 * answer to a ping shows, or has acknowledged. That its operating system or ours has taken them proves nothing, because
 * they may wait there for minutes. Once a client has acknowledged, only its acknowledgements count. Pure: the caller
 * reports what happens, and gets the sequence number up to which deliveries are confirmed.
 */
export class Delivery {
  #frames = 0;
  /** frames pushed and not confirmed; bounded by the size of an inbox, because they stay in it until confirmed */
  readonly #runs: Run[] = [];
  #acknowledges = false;

  /** A message was pushed. `sequence` is undefined for a message that is not stored. */
  push(sequence?: number): void {
    this.#frames++;
    if (sequence === undefined) return;
    const run = this.#runs.at(-1);
    if (run !== undefined && run.frame + run.length === this.#frames && run.sequence + run.length === sequence) {
      run.length++;
    } else this.#runs.push({ frame: this.#frames, sequence, length: 1 });
  }

  /** The number of messages pushed, stored or not. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether any message is not confirmed yet that a pong could confirm. */
  get isUncertain(): boolean {
    return this.#runs.length > 0 && !this.#acknowledges;
  }

  /** The client has read the first `frames` frames of this connection. Returns the new confirmed sequence number, if any. */
  read(frames: number): number | undefined {
    return this.#acknowledges ? undefined : this.#confirm(frames);
  }

  /**
   * The client says that its application has taken the first `frames` frames of this connection; more than were pushed
   * count as all. Returns the new confirmed sequence number, if any.
   */
  received(frames: number): number | undefined {
    this.#acknowledges = true;
    return this.#confirm(Math.min(frames, this.#frames));
  }

  /** The sequence number of the last message among the first `frames` frames; undefined if it was confirmed before. */
  #confirm(frames: number): number | undefined {
    const later = this.#runs.findIndex((run) => run.frame + run.length - 1 > frames);
    const whole = this.#runs.splice(0, later < 0 ? this.#runs.length : later).at(-1);
    const head = this.#runs[0];
    if (head === undefined || head.frame > frames) return whole && whole.sequence + whole.length - 1;
    const count = frames - head.frame + 1;
    head.frame += count;
    head.sequence += count;
    head.length -= count;
    return head.sequence - 1;
  }
}
