import type { SocketAddress } from "../../addresses/socket_address.ts";
import { type Beginning, ProxyHeader } from "../../proxies/proxy_header.ts";

/** in bytes; a longer request is not one of ours */
const LONGEST = 4096;
const ANSWER = new TextEncoder().encode("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");

/** Listens in place of a gateway that is not running, and remembers which paths were requested. */
export class StandIn implements AsyncDisposable {
  /** The paths of all requests so far. */
  readonly heard: Set<string> = new Set();
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Map<Deno.TcpConn, Promise<void>>();
  readonly #accepting: Promise<void>;

  private constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.#accepting = this.#accept();
  }

  /** Starts one; undefined if it can't listen there. */
  static at({ host, port }: SocketAddress): StandIn | undefined {
    try {
      return new StandIn(Deno.listen({ hostname: host, port }));
    } catch {
      return undefined;
    }
  }

  /** Stops listening, and closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    const serving = [...this.#connections.values()];
    for (const connection of this.#connections.keys()) this.#close(connection);
    await Promise.all(serving);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) this.#connections.set(connection, this.#serve(connection));
    } catch {
      // nothing more can be accepted: the attempts report that they did not arrive
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(LONGEST);
    const decoder = new TextDecoder();
    let header: ProxyHeader | undefined = new ProxyHeader(); // a proxy that passes TCP on sends one
    let text = "";
    try {
      while (!text.includes("\r\n\r\n") && text.length < LONGEST) {
        const read = await connection.read(buffer);
        if (read === null) break;
        let bytes: Uint8Array = buffer.subarray(0, read);
        if (header !== undefined) {
          const beginning: Beginning = header.push(bytes);
          if (beginning.kind === "malformed") break;
          if (beginning.kind === "incomplete") continue;
          header = undefined;
          bytes = beginning.rest;
        }
        text += decoder.decode(bytes, { stream: true });
      }
      const path = /^GET (\S+) /.exec(text)?.[1];
      if (path !== undefined) this.heard.add(path);
      await connection.write(ANSWER);
    } catch {
      // the connection is gone
    }
    this.#close(connection);
  }

  #close(connection: Deno.TcpConn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}
