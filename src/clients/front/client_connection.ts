import { setNoDelay } from "./no_delay.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** A client's connection, perhaps with TLS. */
export type RawConnection = Pick<Deno.TcpConn, "read" | "write" | "close" | "setNoDelay">;

/** A client's connection, as plaintext. */
export interface ClientConnection {
  /** The next bytes, valid until the next call; the caller may overwrite them. null at the end, which may be a reset. */
  receive(): Promise<Uint8Array | null>;
  /** Resolves with the number of bytes that the operating system has taken; rejects if the connection is broken. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the connection at once, without waiting for writes. */
  close(): void;
}

/** A client's connection without TLS. */
export class PlainClient implements ClientConnection {
  readonly #buffer = new ReadBuffer();

  /** Owns `connection` from now on. */
  constructor(private readonly connection: RawConnection) {
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
