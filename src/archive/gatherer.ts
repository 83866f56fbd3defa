/** Few files need more than the first bytes of what a gatherer may hold. */
const FIRST_ROOM = 4096;

/** Cuts a stream of bytes into parts of one size, of which the last may be shorter. */
export class Gatherer {
  #bytes: Uint8Array<ArrayBuffer>;
  #filled = 0;

  constructor(private readonly size: number) {
    this.#bytes = new Uint8Array(Math.min(size, FIRST_ROOM));
  }

  /** The parts that others follow, each good until the next is asked for. One that is just full may be the last. */
  *push(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === this.size) {
        yield this.#bytes;
        this.#filled = 0;
      }
      const taken = bytes.subarray(at, at + this.size - this.#filled);
      this.#makeRoom(taken.length);
      this.#bytes.set(taken, this.#filled);
      this.#filled += taken.length;
      at += taken.length;
    }
  }

  /** The last part, when no bytes follow. */
  get last(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#filled);
  }

  #makeRoom(size: number): void {
    if (this.#filled + size <= this.#bytes.length) return;
    const bytes = new Uint8Array(this.size);
    bytes.set(this.last);
    this.#bytes = bytes;
  }
}
