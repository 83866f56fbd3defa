import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { ClientConnection, RawConnection } from "./client_connection.ts";
import { setNoDelay } from "./no_delay.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** A server's certificate and its key, in PEM. */
export interface TlsIdentity {
  /** the certificate, followed by the intermediate ones if there are any */
  readonly certificate: string;
  /** the private key of the first certificate */
  readonly key: string;
}

/** The least overhead of a TLS record, in bytes: a header and a tag (RFC 8446 §5.2, RFC 7905). */
const OVERHEAD = 21;

/** The most bytes written at once: those of a record. Of more than 64 KiB, Deno before 2.9 withholds the rest. */
const MOST_AT_ONCE = 16_384;

/**
 * Prepares an identity for new clients' connections.
 * @throws what node:tls throws for a certificate or key that it can't use
 */
export function secureContextOf({ certificate: cert, key }: TlsIdentity): SecureContext {
  return createSecureContext({ cert, key });
}

/** A client's connection that speaks TLS. */
export class TlsClient implements ClientConnection {
  readonly #sealed: SealedStream;
  readonly #socket: ServerSocket;
  #wake: (() => void) | undefined;

  /** Owns `connection` from now on. The handshake happens while the client is read from. */
  constructor(connection: RawConnection, secureContext: SecureContext) {
    setNoDelay(connection);
    this.#sealed = new SealedStream(connection, () => this.#isFull);
    this.#socket = new ServerSocket(this.#sealed, secureContext);
    const wake = () => this.#wake?.();
    this.#socket.on("readable", wake).on("end", wake).on("close", wake);
    // Invalid TLS, or a broken connection: a close follows.
    this.#socket.on("error", () => this.#sealed.destroy());
    this.#sealed.on("error", () => this.#socket.destroy());
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

  /** Whether enough waits to be received. The runtime's TLS itself would read without limit. */
  get #isFull(): boolean {
    return this.#socket.readableLength >= this.#socket.readableHighWaterMark;
  }

  close(): void {
    this.#socket.destroy();
    this.#sealed.destroy();
  }
}

/**
 * The server's end of TLS. A write is done when its records have been written to the client. Not all versions of the
 * runtime report that themselves.
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

  /** TLS wants more, but nothing may be read now */
  #isHeld = false;

  /** Nothing is read while `isFull`. */
  constructor(private readonly connection: RawConnection, private readonly isFull: () => boolean) {
    super();
  }

  /** Must be called when it may no longer be full. */
  goOn(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this._read();
  }

  /** Calls `done` once `size` more bytes, and all others that TLS has handed over by then, are taken. One at a time. */
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
