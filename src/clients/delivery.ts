/** What a 0.7.0 client's frame proves it has: what the operating system took this many ms before (it never acknowledges). */
const ALIVE_AFTER = 2_000;
/** A connection still open this long after proves the same: twice the time in which an unanswered ping closes it. */
const OPEN_AFTER = 60_000;
/** A proper end proves that what was taken this long before has been read. */
const ENDED_AFTER = 1_000;

/** Frames of up to this many bytes together are noted as one, and count as taken together. */
const BURST_SIZE = 8192;

/** Consecutive frames with consecutive sequence numbers. Frames without one (cover messages) are in no run. */
interface Run {
  /** number of the first frame on this connection, from 1 */
  frame: number;
  sequence: number;
  length: number;
}

/**
 * Decides which of the messages pushed over one connection have been delivered. Pure: the caller says what happens and
 * when (ms, any origin), and gets the sequence number up to which deliveries are confirmed.
 *
 * Frames are counted as they are pushed; the operating system has taken those that are not buffered any more; of these,
 * the client has those that one of the rules above, or its own acknowledgement, speaks for. A client that acknowledges
 * once is held to it: nothing else counts for it from then on.
 */
export class Delivery {
  #frames = 0;
  /** of all that was sent, answers included */
  #bytes = 0;
  /** frames pushed and not confirmed; bounded by the reader's bound on unconfirmed chunks, as each has a run */
  #runs: Run[] = [];
  /** pushed, not yet seen to be taken: up to which frame, from and up to which byte of the connection */
  #pushed: { frame: number; start: number; byte: number }[] = [];
  #taken = 0;
  #takenBytes = 0;
  /** when frames had been taken, oldest first; one a call of `observe`, none older than OPEN_AFTER */
  #observed: { frame: number; at: number }[] = [];
  #acknowledges = false;

  /** A message was pushed; its sequence number, or none for one that is not stored. */
  push(size: number, sequence?: number): void {
    this.#frames++;
    this.#bytes += size;
    if (sequence !== undefined) this.#noteRun(sequence);
    if (this.open && !this.#acknowledges) this.#noteBurst(size);
  }

  /** An answer of so many bytes was sent: nothing to confirm, but the socket buffers it among the rest. */
  answered(size: number): void {
    this.#bytes += size;
  }

  /** Whether anything pushed is not confirmed yet. */
  get open(): boolean {
    return this.#runs.length > 0;
  }

  /** To be called every now and then, with the bytes that the socket still buffers. */
  observe(buffered: number, now: number): number | undefined {
    if (this.#acknowledges) return undefined;
    const takenBytes = this.#bytes - buffered;
    const stalled = buffered > 0 && takenBytes <= this.#takenBytes;
    this.#countTaken(takenBytes);
    if (stalled) this.#startAgain(now);
    if (this.open && this.#taken > (this.#observed.at(-1)?.frame ?? 0)) {
      this.#observed.push({ frame: this.#taken, at: now });
    }
    return this.#confirmObserved(now - OPEN_AFTER);
  }

  /** The client sent a frame. */
  alive(now: number): number | undefined {
    return this.#confirmObserved(now - ALIVE_AFTER);
  }

  /** The client says that its application has taken `frames` frames of this connection. */
  received(frames: number): number | undefined {
    this.#acknowledges = true;
    this.#pushed = [];
    this.#observed = [];
    return this.#confirm(Math.min(frames, this.#frames));
  }

  /** The connection ended properly: with a close frame, and not by the end of the stream, a reset or a timeout. */
  ended(now: number): number | undefined {
    return this.#confirmObserved(now - ENDED_AFTER);
  }

  #noteRun(sequence: number): void {
    const run = this.#runs.at(-1);
    if (run !== undefined && run.frame + run.length === this.#frames && run.sequence + run.length === sequence) {
      run.length++;
    } else this.#runs.push({ frame: this.#frames, sequence, length: 1 });
  }

  #noteBurst(size: number): void {
    const burst = this.#pushed.at(-1);
    if (burst !== undefined && this.#bytes - burst.start <= BURST_SIZE) {
      burst.frame = this.#frames;
      burst.byte = this.#bytes;
    } else this.#pushed.push({ frame: this.#frames, start: this.#bytes - size, byte: this.#bytes });
  }

  /** Who takes nothing reads nothing, nor do pings get through to it: time counts from here, as for frames just taken. */
  #startAgain(now: number): void {
    const last = this.#observed.at(-1);
    if (last !== undefined) this.#observed = [{ frame: last.frame, at: now }];
  }

  #countTaken(takenBytes: number): void {
    this.#takenBytes = takenBytes;
    const waiting = this.#pushed.findIndex(({ byte }) => byte > takenBytes);
    const taken = this.#pushed.splice(0, waiting < 0 ? this.#pushed.length : waiting);
    this.#taken = taken.at(-1)?.frame ?? this.#taken;
  }

  #confirmObserved(until: number): number | undefined {
    if (this.#acknowledges) return undefined;
    const later = this.#observed.findIndex(({ at }) => at > until);
    const proven = this.#observed.splice(0, later < 0 ? this.#observed.length : later).at(-1);
    return proven && this.#confirm(proven.frame);
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
