import { FrameParser } from "../../src/mixnet/frames.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { Counted } from "./counted.ts";

/** Receives packets over any number of connections, on any free port or the given one. */
export abstract class FakeNode implements AsyncDisposable {
  readonly events = new Counted();
  readonly address: SocketAddress;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #working: Promise<void>[] = [];

  /** `reads`: false for one that accepts connections but never reads from them. */
  constructor(readonly reads = true, { host, port } = { host: "127.0.0.1", port: 0 }) {
    this.#listener = Deno.listen({ hostname: host, port });
    this.address = { host, port: this.#listener.addr.port };
    this.#working.push(this.#accept());
  }

  /** Takes a packet, a view that is valid until it returns. */
  protected abstract take(packet: Uint8Array): void;

  /** Closes all connections, but keeps listening. */
  disconnect(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.disconnect();
    await Promise.all(this.#working);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      this.events.count("connections");
      if (this.reads) this.#working.push(this.#read(connection));
    }
  }

  async #read(connection: Deno.TcpConn): Promise<void> {
    const parser = new FrameParser();
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const length = await connection.read(buffer).catch(() => null);
      if (length === null) break;
      for (const packet of parser.push(buffer.subarray(0, length))) {
        this.take(packet);
        this.events.count("packets");
      }
    }
    if (this.#connections.delete(connection)) connection.close();
    this.events.count("disconnections");
  }
}
