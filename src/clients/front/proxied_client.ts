import { type Beginning, ProxyHeader } from "../../proxies/proxy_header.ts";
import type { ClientConnection, RawConnection } from "./client_connection.ts";

/** Enough for most headers; longer ones take more reads. */
const BUFFER = 1408;

/** What is known once a header of the PROXY protocol has been read, or the connection turns out to have none. */
export type Introduction = Exclude<Beginning, { kind: "incomplete" }>;

/**
 * A client's connection through a trusted proxy, which may begin with the client's address (PROXY protocol), before any
 * TLS.
 */
export class ProxiedClient implements ClientConnection {
  #client: ClientConnection | undefined;

  /**
   * Owns `connection` from now on. `introduced` is called before anything is received; `open` makes the connection of
   * the rest. Nothing can be written before.
   */
  constructor(
    private readonly connection: RawConnection,
    private readonly open: (connection: RawConnection) => ClientConnection,
    private readonly introduced: (introduction: Introduction) => void,
  ) {}

  async receive(): Promise<Uint8Array | null> {
    this.#client ??= await this.#introduce();
    return await this.#client?.receive() ?? null;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#client === undefined) return Promise.reject(new Error("the client has not been introduced"));
    return this.#client.write(bytes);
  }

  close(): void {
    (this.#client ?? this.connection).close();
  }

  /** Undefined if the connection ends before that, or its header is malformed. */
  async #introduce(): Promise<ClientConnection | undefined> {
    const header = new ProxyHeader();
    const buffer = new Uint8Array(BUFFER);
    for (;;) {
      const length = await this.connection.read(buffer).catch(() => null); // a reset counts as the end
      if (length === null) return undefined;
      const beginning = header.push(buffer.subarray(0, length));
      if (beginning.kind === "incomplete") continue;
      this.introduced(beginning);
      return beginning.kind === "whole" ? this.open(new Continued(this.connection, beginning.rest)) : undefined;
    }
  }
}

/** A connection from which some bytes have been read already. Reads return them first. */
class Continued implements RawConnection {
  constructor(private readonly connection: RawConnection, private rest: Uint8Array) {}

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.rest.length === 0) return this.connection.read(buffer);
    const part = this.rest.subarray(0, buffer.length);
    buffer.set(part);
    this.rest = this.rest.subarray(part.length);
    return Promise.resolve(part.length);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.connection.write(bytes);
  }

  close(): void {
    this.connection.close();
  }

  setNoDelay(noDelay?: boolean): void {
    this.connection.setNoDelay(noDelay);
  }
}
