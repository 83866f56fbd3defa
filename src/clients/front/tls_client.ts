import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { ClientConnection } from "./client_connection.ts";
import { setNoDelay } from "./no_delay.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** In PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** What a record of TLS has besides what it carries, at least: a header and a tag (RFC 8446 §5.2, RFC 7905). */
const OVERHEAD = 21;

/** Bytes that are written at once: what a record holds. Of more than 64 KiB, the runtime before 2.9 keeps the rest back. */
const MOST_AT_ONCE = 16_384;

/** @throws what node:tls throws at a certificate or key that it can't use */
export function secureContextOf({ certificate: cert, key }: TlsIdentity): SecureContext {
  return createSecureContext({ cert, key });
}

/** A client's connection that speaks TLS. */
export class TlsClient implements ClientConnection {
  readonly #sealed: SealedStream;
  readonly #socket: ServerSocket;
  #wake: (() => void) | undefined;

  constructor(connection: Deno.TcpConn, secureContext: SecureContext) {
    setNoDelay(connection);
    this.#sealed = new SealedStream(connection, () => this.#isFull);
    this.#socket = new ServerSocket(this.#sealed, secureContext);
    const wake = () => this.#wake?.();
    this.#socket.on("readable", wake).on("end", wake).on("close", wake);
    // What is no TLS, and connections that break: a close follows.
    this.#socket.on("error", () => this.#sealed.destroy());
  }

  async receive(): Promise<Uint8Array | null> {
    for (;;) {
      const bytes: Uint8Array | null = this.#socket.read();
      this.#sealed.goOn();
      if (bytes !== null) return bytes;
      if (this.#socket.readableEnded || this.#socket.destroyed) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    const part = bytes.subarray(0, MOST_AT_ONCE);
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(part, (error) => error ? reject(error) : resolve());
    });
    return part.length;
  }

  /** Whether enough waits to be received. The runtime's TLS itself would take without end. */
  get #isFull(): boolean {
    return this.#socket.readableLength >= this.#socket.readableHighWaterMark;
  }

  close(): void {
    this.#socket.destroy();
    this.#sealed.destroy();
  }
}

/**
 * TLS at the server's end. A write is done when what came of it has been written to the client; the runtime's own word
 * for that does not come in all of its versions.
 */
class ServerSocket extends TLSSocket {
  constructor(private readonly sealed: SealedStream, secureContext: SecureContext) {
    super(sealed, { isServer: true, secureContext });
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.sealed.afterNext(chunk.length + OVERHEAD, done);
    super._write(chunk, encoding, () => {});
  }
}

/** The client's connection as TLS sees it. */
class SealedStream extends Duplex {
  readonly #buffer = new ReadBuffer();
  /** bytes that TLS has handed over, and how many of them the operating system has taken */
  #handed = 0;
  #taken = 0;
  #awaited: { readonly taken: number; readonly done: (error?: Error) => void } | undefined;

  /** more is wanted than may be read now */
  #isHeld = false;

  /** While `isFull`, nothing more is read. */
  constructor(private readonly connection: Deno.TcpConn, private readonly isFull: () => boolean) {
    super();
  }

  /** To be called when it may not be full any more. */
  goOn(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this._read();
  }

  /** Calls `done` once `size` bytes more, and all else that TLS has handed over by then, are taken. One at a time. */
  afterNext(size: number, done: (error?: Error) => void): void {
    this.#awaited = { taken: this.#handed + size, done };
  }

  override _read(): void {
    if (this.isFull()) this.#isHeld = true;
    else this.#buffer.fill(this.connection).then((bytes) => this.push(bytes?.slice() ?? null));
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#handed += chunk.length;
    this.#writeOut(chunk).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.connection.close();
    this.#buffer[Symbol.dispose]();
    this.#end(error ?? new Error("the connection is closed"));
    done(error);
  }

  async #writeOut(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) at += await this.connection.write(chunk.subarray(at));
    this.#taken += chunk.length;
    if (this.#taken === this.#handed && this.#taken >= (this.#awaited?.taken ?? Infinity)) this.#end();
  }

  #end(error?: Error): void {
    const awaited = this.#awaited;
    this.#awaited = undefined;
    awaited?.done(error);
  }
}
