/** What suffices for a message, and is all that an idle connection keeps. */
const SMALL = 2048;
/** For as long as reads fill what they are given. */
const LARGE = 65_536;
/** Large buffers that nobody reads into are kept for the next one, up to so many. */
const MAX_SPARE = 16;

const spare: Uint8Array<ArrayBuffer>[] = [];

/** What a connection is read into: small, and large only while much comes. */
export class ReadBuffer implements Disposable {
  readonly #small = new Uint8Array(SMALL);
  #bytes = this.#small;

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** What to read into after a read of `length` bytes, which are done with. */
  after(length: number): Uint8Array<ArrayBuffer> {
    if (this.#bytes !== this.#small && length <= SMALL) this[Symbol.dispose]();
    else if (length === SMALL) this.#bytes = spare.pop() ?? new Uint8Array(LARGE);
    return this.#bytes;
  }

  /** Nothing is read into it any more. */
  [Symbol.dispose](): void {
    if (this.#bytes !== this.#small && spare.length < MAX_SPARE) spare.push(this.#bytes);
    this.#bytes = this.#small;
  }
}
