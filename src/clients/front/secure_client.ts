import { setNoDelay } from "./no_delay.ts";
import { ReadBuffer } from "./read_buffer.ts";
import type { TlsStage } from "./tls_stage.ts";

/** What TLS adds to what it is given, at least: a header and a tag (RFC 8446 §5.2, RFC 7905). */
const OVERHEAD = 21;
/** ms between two looks at whether what TLS was given has been passed on to the client */
const LOOK_INTERVAL = 1;

/** A client's connection that speaks TLS, as one in the clear. */
export class SecureClient {
  #sealed: Deno.TcpConn | undefined;
  readonly #clear: Promise<Deno.TlsConn>;
  /** bytes of TLS that the client's system has taken */
  #passed = 0;
  /** bytes of TLS that are being passed on now */
  #passing = 0;
  /** what has been passed once all that was written has been, at least; known from the first write on */
  #due: number | undefined;
  /** resolves when nothing is being passed on any more */
  #rest = Promise.withResolvers<void>();
  #closed = false;

  constructor(private readonly client: Deno.TcpConn, stage: TlsStage) {
    this.#clear = this.#open(stage);
    this.#clear.catch(() => {}); // who reads or writes is told
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    return await (await this.#clear).read(buffer);
  }

  /** Resolves when TLS has taken it, which is not yet the client's system: see {@linkcode settled}. */
  async write(bytes: Uint8Array): Promise<number> {
    const clear = await this.#clear;
    this.#due ??= this.#passed;
    const written = await clear.write(bytes);
    this.#due += written + OVERHEAD;
    return written;
  }

  /** Resolves when all that was written has been taken towards the client, or the connection is closed: with false then. */
  async settled(): Promise<boolean> {
    for (let before = -1; before !== this.#passed || this.#passing > 0 || this.#passed < (this.#due ?? 0);) {
      if (this.#closed) return false;
      before = this.#passed;
      if (this.#passing > 0) await this.#rest.promise; // which is never if the client does not read
      else await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
    return !this.#closed;
  }

  /** Ends it for good, at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest.resolve();
    this.client.close();
    this.#sealed?.close();
    this.#clear.then((clear) => clear.close(), () => {});
  }

  async #open(stage: TlsStage): Promise<Deno.TlsConn> {
    const { sealed, clear } = await stage.connect();
    if (this.#closed) {
      sealed.close();
      return clear; // which closing closes
    }
    this.#sealed = sealed;
    setNoDelay(sealed);
    this.#passIn(sealed).catch(() => this.close());
    this.#passOut(sealed).catch(() => {}).then(() => this.close());
    return clear;
  }

  async #passIn(sealed: Deno.TcpConn): Promise<void> {
    using buffer = new ReadBuffer();
    for (let n = await this.client.read(buffer.bytes); n !== null; n = await this.client.read(buffer.after(n))) {
      for (let written = 0; written < n;) written += await sealed.write(buffer.bytes.subarray(written, n));
    }
    await sealed.closeWrite();
  }

  async #passOut(sealed: Deno.TcpConn): Promise<void> {
    using buffer = new ReadBuffer();
    for (let n = await sealed.read(buffer.bytes); n !== null; n = await sealed.read(buffer.after(n))) {
      for (this.#passing = n; this.#passing > 0;) {
        const taken = await this.client.write(buffer.bytes.subarray(n - this.#passing, n));
        this.#passing -= taken;
        this.#passed += taken;
      }
      this.#rest.resolve();
      this.#rest = Promise.withResolvers();
    }
  }
}
