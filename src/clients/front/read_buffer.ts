/** What suffices for a packet with its address in a frame (1399 bytes), and is all that an idle connection keeps. */
const SMALL = 1408;
/** For as long as more than that comes at a time. */
const LARGE = 65_536;
/** All connections together have no more large ones; one that finds none reads on in small steps. */
const MAX_LARGE = 64;

const spare: Uint8Array<ArrayBuffer>[] = [];
let made = 0;

/** What a connection is read into: small, and large while much comes. */
export class ReadBuffer implements Disposable {
  readonly #small = new Uint8Array(SMALL);
  #bytes = this.#small;
  /** bytes of the last read */
  #filled = 0;
  #isReading = false;
  #isDisposed = false;

  /** Reads what comes next, which is valid until the next call; null at the end, which may be a reset. */
  async fill(connection: Pick<Deno.TcpConn, "read">): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#filled < SMALL) this.#shrink();
    else if (this.#bytes === this.#small) this.#bytes = takeLarge() ?? this.#small;
    this.#isReading = true;
    try {
      const length = await connection.read(this.#bytes);
      this.#filled = length ?? 0;
      return length === null ? null : this.#bytes.subarray(0, length);
    } catch {
      return null;
    } finally {
      this.#isReading = false;
      if (this.#isDisposed) this.#shrink();
    }
  }

  /** Nothing is read into it any more, once a read that is under way has ended. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    if (!this.#isReading) this.#shrink();
  }

  #shrink(): void {
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
