/** What suffices for a message, and is all that an idle connection keeps. */
const SMALL = 2048;
/** For as long as more than that comes at a time. */
const LARGE = 65_536;
/** All connections together have no more large ones; who finds none reads on in small steps. */
const MAX_LARGE = 64;

const spare: Uint8Array<ArrayBuffer>[] = [];
let made = 0;

/** What a connection is read into: small, and large while much comes. */
export class ReadBuffer implements Disposable {
  readonly #small = new Uint8Array(SMALL);
  #bytes = this.#small;

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** What to read into after a read of `length` bytes, which are done with. */
  after(length: number): Uint8Array<ArrayBuffer> {
    if (length < SMALL) this[Symbol.dispose]();
    else if (length === SMALL && this.#bytes === this.#small) this.#bytes = takeLarge() ?? this.#small;
    return this.#bytes;
  }

  /** Nothing is read into it any more. */
  [Symbol.dispose](): void {
    if (this.#bytes !== this.#small) spare.push(this.#bytes);
    this.#bytes = this.#small;
  }
}

function takeLarge(): Uint8Array<ArrayBuffer> | undefined {
  if (spare.length > 0) return spare.pop();
  if (made === MAX_LARGE) return undefined;
  made++;
  return new Uint8Array(LARGE);
}
