/** Consecutive frames with consecutive sequence numbers. Frames without one (cover messages) are in no run. */
interface Run {
  /** number of the first frame on this connection, from 1 */
  frame: number;
  sequence: number;
  length: number;
}

/**
 * Decides which of the messages pushed over one connection have been delivered: those that the client has read, as its
 * answer to a ping tells, or acknowledges. That its system or ours has taken them says nothing, as they may wait there for
 * minutes. One that acknowledges once is held to it: nothing else counts for it from then on. Pure: the caller says what
 * happens, and gets the sequence number up to which deliveries are confirmed.
 */
export class Delivery {
  #frames = 0;
  /** frames pushed and not confirmed; bounded by what an inbox may hold, as they stay in it until they are */
  readonly #runs: Run[] = [];
  #acknowledges = false;

  /** A message was pushed; its sequence number, or none for one that is not stored. */
  push(sequence?: number): void {
    this.#frames++;
    if (sequence === undefined) return;
    const run = this.#runs.at(-1);
    if (run !== undefined && run.frame + run.length === this.#frames && run.sequence + run.length === sequence) {
      run.length++;
    } else this.#runs.push({ frame: this.#frames, sequence, length: 1 });
  }

  /** How many messages were pushed, those that are not stored included. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether anything pushed is not confirmed yet, and may be by what the client has read. */
  get isUncertain(): boolean {
    return this.#runs.length > 0 && !this.#acknowledges;
  }

  /** The client has read the first `frames` frames of this connection. */
  read(frames: number): number | undefined {
    return this.#acknowledges ? undefined : this.#confirm(frames);
  }

  /** The client says that its application has taken `frames` frames of this connection. */
  received(frames: number): number | undefined {
    this.#acknowledges = true;
    return this.#confirm(Math.min(frames, this.#frames));
  }

  /** The sequence number of the last message among the first `frames` frames, if it is news. */
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
