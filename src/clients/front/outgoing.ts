import { Opcode } from "./frame_header.ts";

const FIN = 0x80;
const SHORT = 126;
/** The header of a frame with a length of 16 bits; no frame here is longer. */
const MAX_FRAME_HEADER_SIZE = 4;

/** Bytes of a small segment, enough for a message. */
const SMALL = 1024;
const LARGE = 16_384;
/** Segments of each size that are kept for reuse: a little over 4 MiB in all. An idle connection holds none. */
const MAX_SPARE = 256;
const spareOf = new Map<number, Uint8Array<ArrayBuffer>[]>([[SMALL, []], [LARGE, []]]);

/** Bytes that are written together. */
interface Segment {
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

/**
 * Frames on their way to a client (RFC 6455 §5.2), in order. Frames pushed in one turn are written together, and so are
 * those pushed while the previous write is under way. It has no bound of its own: callers check how much is waiting.
 */
export class Outgoing {
  /** bytes of all frames pushed so far, headers included */
  pushed = 0;
  /** bytes that the operating system has taken so far; at most `pushed` */
  written = 0;
  /** all but the last take no more frames */
  readonly #segments: Segment[] = [];
  #underWay: Segment | undefined;
  #writing: Promise<void> | undefined;
  #isHeld = true;
  #isClosed = false;

  /**
   * Frames wait until `open` is called.
   * @param write resolves with the number of bytes taken
   * @param failed is called once, when a write fails; nothing is written after that
   */
  constructor(
    private readonly write: (bytes: Uint8Array) => Promise<number>,
    private readonly failed: () => void,
  ) {}

  /** Begins to write the frames that have waited. */
  open(): void {
    this.#isHeld = false;
    this.#start();
  }

  /** Whether it takes no more frames, because a close frame was pushed or it has ended. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Drops what waits, and takes no more frames. A write that is under way goes on. */
  end(): void {
    this.#isHeld = this.#isClosed = true;
    this.#segments.length = 0;
  }

  /** Copies a whole message or control frame. Returns the size of its frame in bytes; 0 if closed. */
  push(opcode: number, payload: Uint8Array): number {
    if (this.#isClosed) return 0;
    const { length } = payload;
    const segment = this.#reserve(MAX_FRAME_HEADER_SIZE + length);
    const { bytes, filled } = segment;
    let at = filled;
    bytes[at++] = FIN | opcode;
    if (length < SHORT) bytes[at++] = length;
    else {
      bytes[at++] = SHORT;
      bytes[at++] = length >> 8;
      bytes[at++] = length;
    }
    bytes.set(payload, at);
    const size = at + length - filled;
    segment.filled += size;
    this.pushed += size;
    this.#start();
    return size;
  }

  /** Takes a close frame as the last frame (RFC 6455 §5.5.1); without a code it is empty. `reason`: at most 123 bytes. */
  close(code?: number, reason = ""): void {
    const text = new TextEncoder().encode(reason);
    this.push(Opcode.CLOSE, code === undefined ? text : Uint8Array.of(code >> 8, code & 0xff, ...text));
    this.#isClosed = true;
  }

  /** Resolves when no write is under way and no frame waits. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** A segment that has space for `size` bytes at its end. */
  #reserve(size: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last !== this.#underWay && last.bytes.length - last.filled >= size) return last;
    const capacity = last === undefined && size <= SMALL ? SMALL : LARGE;
    const segment = { bytes: spareOf.get(capacity)!.pop() ?? new Uint8Array(capacity), filled: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #start(): void {
    if (!this.#isHeld && this.#segments.length > 0) this.#writing ??= this.#run();
  }

  async #run(): Promise<void> {
    await undefined; // a turn later, with all frames pushed in this one
    try {
      while (this.#segments.length > 0) await this.#writeSegment(this.#segments[0]!);
    } catch {
      this.end();
      this.failed();
    }
    this.#writing = undefined; // in the same turn as the check, so that the next frame starts a new run
  }

  async #writeSegment(segment: Segment): Promise<void> {
    const { bytes, filled } = segment;
    this.#underWay = segment;
    for (let at = 0; at < filled;) {
      const size = await this.write(bytes.subarray(at, filled));
      at += size;
      this.written += size;
    }
    this.#underWay = undefined;
    this.#segments.shift();
    const spare = spareOf.get(bytes.length)!;
    if (spare.length < MAX_SPARE) spare.push(bytes);
  }
}
