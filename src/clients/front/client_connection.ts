import { setNoDelay } from "./no_delay.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** A client's connection, in the clear. */
export interface ClientConnection {
  /** What comes next, valid until the next call, and the caller's to overwrite; null at the end, which may be a reset. */
  receive(): Promise<Uint8Array | null>;
  /** Resolves with how many bytes the operating system has taken towards the client. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends it for good, at once. */
  close(): void;
}

/** A client's connection without TLS. */
export class PlainClient implements ClientConnection {
  readonly #buffer = new ReadBuffer();

  constructor(private readonly connection: Deno.TcpConn) {
    setNoDelay(connection);
  }

  receive(): Promise<Uint8Array | null> {
    return this.#buffer.fill(this.connection);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.connection.write(bytes);
  }

  close(): void {
    this.connection.close();
    this.#buffer[Symbol.dispose]();
  }
}
