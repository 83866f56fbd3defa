import type { TlsStage } from "./tls_stage.ts";

/** bytes read at a time, and given to TLS at a time */
const BUFFER_SIZE = 16_384;
const CHUNK_SIZE = 16_384;
/** What TLS was given has been passed on to the client when nothing moved for this many ms. */
const STILL = 1;

/** A client's connection that speaks TLS, as one in the clear. */
export class SecureClient {
  #sealed: Deno.TcpConn | undefined;
  readonly #clear: Promise<Deno.TlsConn>;
  /** how often something was passed on to the client, and whether it is being taken now */
  #passes = 0;
  #isPassing = false;
  #closed = false;

  constructor(private readonly client: Deno.TcpConn, stage: TlsStage) {
    this.#clear = this.#open(stage);
    this.#clear.catch(() => {}); // who reads or writes is told
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    return await (await this.#clear).read(buffer);
  }

  /** Unlike a socket's, it resolves when all that was written is with the client's system, or on its way there. */
  async write(bytes: Uint8Array): Promise<number> {
    const written = await (await this.#clear).write(bytes.subarray(0, CHUNK_SIZE));
    let passes: number;
    do {
      passes = this.#passes;
      await new Promise((resolve) => setTimeout(resolve, STILL));
    } while (!this.#closed && (this.#isPassing || passes !== this.#passes));
    return written;
  }

  /** Ends it for good, at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
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
    sealed.setNoDelay();
    this.#passIn(sealed).catch(() => this.close());
    this.#passOut(sealed).catch(() => {}).then(() => this.close());
    return clear;
  }

  async #passIn(sealed: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(BUFFER_SIZE);
    for (let n = await this.client.read(buffer); n !== null; n = await this.client.read(buffer)) {
      for (let written = 0; written < n;) written += await sealed.write(buffer.subarray(written, n));
    }
    await sealed.closeWrite();
  }

  async #passOut(sealed: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(BUFFER_SIZE);
    for (let n = await sealed.read(buffer); n !== null; n = await sealed.read(buffer)) {
      this.#isPassing = true;
      for (let written = 0; written < n;) written += await this.client.write(buffer.subarray(written, n));
      this.#isPassing = false;
      this.#passes++;
    }
  }
}
