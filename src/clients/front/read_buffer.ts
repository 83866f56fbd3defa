import { type Rate, TokenBucket } from "../../limits/token_bucket.ts";

/** Enough bytes for a packet with its address in a frame (1399), and all that an idle connection keeps. */
const SMALL = 1408;
/** Bytes of the buffer that is used while more than that arrives at a time. */
const LARGE = 65_536;
/** The most large buffers of all connections together. A connection that gets none reads in small steps. */
const MAX_LARGE = 64;

/** Reads of a connection before it is read in pauses: twice as many as the frames that a client may send by default. */
const READS: Rate = { burst: 1000, perSecond: 2000 };
/** ms of such a pause, in which bytes gather: a read costs as much for one byte as for a thousand. */
const PAUSE = 10;

const spare: Uint8Array<ArrayBuffer>[] = [];
let made = 0;

/** The buffer that a connection is read into: small, or large while much arrives. Many reads a second are spread out. */
export class ReadBuffer implements Disposable {
  readonly #small = new Uint8Array(SMALL);
  #bytes = this.#small;
  /** bytes of the last read */
  #filled = 0;
  #isReading = false;
  #isDisposed = false;
  readonly #reads = new TokenBucket(READS, performance.now());

  /** Reads the next bytes, valid until the next call; null at the end, which may be a reset. Never rejects. */
  async fill(connection: Pick<Deno.TcpConn, "read">): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#filled < SMALL) this.#shrink();
    else if (this.#bytes === this.#small) this.#bytes = takeLarge() ?? this.#small;
    this.#isReading = true;
    try {
      if (!this.#reads.take(performance.now())) await new Promise((resolve) => setTimeout(resolve, PAUSE));
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

  /** Gives a large buffer back, after the read that is under way. */
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
