const FIN = 0x80;
const SHORT = 126;
/** Of a frame with a length of 16 bits; none here is longer. */
const MAX_FRAME_HEADER_SIZE = 4;

/** What suffices for a message, and is all that an idle connection keeps. */
const SMALL = 1024;
const LARGE = 16_384;
/** So many large ones are kept for whoever needs them next, 4 MiB. */
const MAX_SPARE = 256;
const spare: Uint8Array<ArrayBuffer>[] = [];

/** Bytes that are written together. */
interface Segment {
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
}

/**
 * Bytes on their way to a client, in order. All that comes in one turn is written together, and so is what comes while
 * the write before is under way. It has no bound of its own: whoever pushes looks at what waits.
 */
export class Outgoing {
  /** bytes so far */
  pushed = 0;
  written = 0;
  readonly #small = new Uint8Array(SMALL);
  /** those before the last are full */
  readonly #segments: Segment[] = [];
  #underWay: Segment | undefined;
  #writing: Promise<void> | undefined;
  #progress: PromiseWithResolvers<void> | undefined;
  #state: "held" | "open" | "ended" = "held";

  /**
   * @param write resolves with how many bytes were taken
   * @param failed is told once that writing does not work any more
   */
  constructor(
    private readonly write: (bytes: Uint8Array) => Promise<number>,
    private readonly failed: () => void,
  ) {}

  /** Begins to write; until then, what is pushed waits. */
  open(): void {
    if (this.#state === "held") this.#state = "open";
    this.#start();
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Writes no more, and takes nothing any more. */
  end(): void {
    this.#state = "ended";
    this.#segments.length = 0;
    this.#tellProgress();
  }

  /** Takes bytes, a copy of them; `LARGE` at most. */
  push(bytes: Uint8Array): void {
    if (this.#state === "ended") return;
    const segment = this.#reserve(bytes.length);
    segment.bytes.set(bytes, segment.filled);
    this.#fill(segment, bytes.length);
  }

  /** Takes a whole message, a copy of it, as one frame of a server (RFC 6455 §5.2). Says how many bytes that has. */
  pushMessage(opcode: number, message: Uint8Array): number {
    if (this.#state === "ended") return 0;
    const { length } = message;
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
    bytes.set(message, at);
    const size = at + length - filled;
    this.#fill(segment, size);
    return size;
  }

  /** Resolves when so many bytes are written, or nothing can be written any more. */
  async reaches(position: number): Promise<void> {
    while (this.written < position && this.#state !== "ended") {
      await (this.#progress ??= Promise.withResolvers<void>()).promise;
    }
  }

  /** Resolves when no write is under way, and nothing waits for one. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** A segment with room for so many bytes, at its end. */
  #reserve(size: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last !== this.#underWay && last.bytes.length - last.filled >= size) return last;
    const isSmall = last === undefined && size <= SMALL;
    const segment = { bytes: isSmall ? this.#small : spare.pop() ?? new Uint8Array(LARGE), filled: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #fill(segment: Segment, size: number): void {
    segment.filled += size;
    this.pushed += size;
    this.#start();
  }

  #start(): void {
    if (this.#state === "open" && this.#segments.length > 0) this.#writing ??= this.#run();
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
      this.#tellProgress();
    }
    this.#underWay = undefined;
    this.#segments.shift();
    if (bytes !== this.#small && spare.length < MAX_SPARE) spare.push(bytes);
  }

  #tellProgress(): void {
    this.#progress?.resolve();
    this.#progress = undefined;
  }
}
