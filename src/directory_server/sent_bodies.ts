/** Bytes that a reader gets at a time. Bodies that are no longer than this are not shared. */
const PIECE = 65_536;
/** Bytes of all bodies that are being read. */
const MAX_BYTES = 256 * 1024 * 1024;

type Reader = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

/**
 * The bodies of long answers, each shared by all its readers: the runtime would copy a whole body for each of them, and
 * keep it until the slowest has read it. When bodies that are being read take too much memory together, the readers of
 * the oldest are disconnected.
 */
export class SentBodies {
  /** the readers of each body, the oldest body first */
  readonly #readers = new Map<Uint8Array, Set<Reader>>();
  #bytes = 0;

  /** `maximum`: bytes of all bodies that are being read; a longer one is read alone. */
  constructor(private readonly maximum = MAX_BYTES) {}

  /** Whether bodies that are being read take so much memory that new ones should be short. */
  get areMany(): boolean {
    return this.#bytes > this.maximum / 2;
  }

  /** A body for one reader. It must not change any more. */
  share(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> {
    if (body.length <= PIECE) return body;
    let at = 0;
    let reader: Reader;
    return new ReadableStream({
      start: (controller) => this.#add(body, reader = controller),
      pull: () => {
        reader.enqueue(body.subarray(at, at += PIECE));
        if (at < body.length) return;
        reader.close();
        this.#leave(body, reader);
      },
      cancel: () => this.#leave(body, reader),
    }, { highWaterMark: 0 });
  }

  #add(body: Uint8Array, reader: Reader): void {
    const readers = this.#readers.get(body);
    if (readers !== undefined) return void readers.add(reader);
    this.#readers.set(body, new Set([reader]));
    this.#bytes += body.length;
    while (this.#bytes > this.maximum && this.#readers.size > 1) this.#disconnect();
  }

  #disconnect(): void {
    const [body, readers] = this.#readers.entries().next().value!;
    for (const reader of readers) reader.error(new Error("too many long answers are being read"));
    this.#drop(body);
  }

  #leave(body: Uint8Array, reader: Reader): void {
    const readers = this.#readers.get(body);
    if (readers?.delete(reader) && readers.size === 0) this.#drop(body);
  }

  #drop(body: Uint8Array): void {
    this.#readers.delete(body);
    this.#bytes -= body.length;
  }
}
