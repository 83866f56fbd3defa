import { Opcode } from "./frame_header.ts";

const FIN = 0x80;
const SHORT = 126;
/** Of a frame with a length of 16 bits; none here is longer. */
const MAX_FRAME_HEADER_SIZE = 4;

/** What suffices for a message. */
const SMALL = 1024;
const LARGE = 16_384;
/** So many of each size are kept for whoever needs them next: 4 MiB and a little. An idle connection has none. */
const MAX_SPARE = 256;
const spareOf = new Map<number, Uint8Array<ArrayBuffer>[]>([[SMALL, []], [LARGE, []]]);

/** Bytes that are written together. */
interface Segment {
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

/**
 * Frames on their way to a client (RFC 6455 §5.2), in order. All that comes in one turn is written together, and so is
 * what comes while the write before is under way. It has no bound of its own: whoever pushes looks at what waits.
 */
export class Outgoing {
  /** bytes so far */
  pushed = 0;
  written = 0;
  /** those before the last are full */
  readonly #segments: Segment[] = [];
  #underWay: Segment | undefined;
  #writing: Promise<void> | undefined;
  #isHeld = true;
  #isClosed = false;

  /**
   * @param write resolves with how many bytes were taken
   * @param failed is called once when writing does not work any more
   */
  constructor(
    private readonly write: (bytes: Uint8Array) => Promise<number>,
    private readonly failed: () => void,
  ) {}

  /** Begins to write; until then, what is pushed waits. */
  open(): void {
    this.#isHeld = false;
    this.#start();
  }

  /** Whether it takes no more frames, as the last one was a close frame. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes no more, and takes nothing any more. */
  end(): void {
    this.#isHeld = this.#isClosed = true;
    this.#segments.length = 0;
  }

  /** Takes a whole message or control frame, a copy of it. Returns how many bytes its frame has: 0 if it is closed. */
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

  /** Takes a close frame as the last one (RFC 6455 §5.5.1); without a code it is empty. `reason`: up to 123 bytes. */
  close(code?: number, reason = ""): void {
    const text = new TextEncoder().encode(reason);
    this.push(Opcode.CLOSE, code === undefined ? text : Uint8Array.of(code >> 8, code & 0xff, ...text));
    this.#isClosed = true;
  }

  /** Resolves when no write is under way, and nothing waits for one. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** A segment with room for so many bytes, at its end. */
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
    await undefined; // a turn later, with all that comes in this one
    try {
      while (this.#segments.length > 0) await this.#writeSegment(this.#segments[0]!);
    } catch {
      this.end();
      this.failed();
    }
    this.#writing = undefined; // in the very turn in which nothing waits, so that what comes next starts it again
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
