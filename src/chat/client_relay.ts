import type { SocketAddress } from "../addresses/socket_address.ts";
import { Accepting } from "../limits/accepting.ts";
import { FrameSizes } from "./frame_sizes.ts";
import type { Wire } from "./wire.ts";

const HEAD_SIZE = 4096;
/** as in `GET /?window=2 HTTP/1.1` */
const WINDOW = /^GET \/\?window=([1-9]\d{0,5}) /;

/**
 * Stands before a gateway and passes clients' connections on, byte by byte, so that the wire between them can be
 * watched: the sizes of frames. A window is known by the URL that it connects to.
 */
export class ClientRelay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #gateway: SocketAddress;
  readonly #wire: Wire;
  readonly #name: string;
  readonly #accepting = new Accepting(this.#listener, () => {});
  readonly #open = new Set<Deno.Conn>();
  readonly #running: Promise<void>;

  /** `gateway`: where it accepts clients; `name`: what the wire calls it. */
  constructor(gateway: SocketAddress, name: string, wire: Wire) {
    this.#gateway = gateway;
    this.#name = name;
    this.#wire = wire;
    this.#running = this.#accept();
  }

  /** Where a window connects to. */
  urlFor(window: number): string {
    return `ws://127.0.0.1:${this.#listener.addr.port}/?window=${window}`;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#accepting.stop();
    for (const connection of this.#open) close(connection);
    await this.#running;
  }

  async #accept(): Promise<void> {
    const relaying = new Set<Promise<void>>();
    try {
      for (let client = await this.#accepting.next(); client; client = await this.#accepting.next()) {
        const relay = this.#relay(client).catch(() => {}).finally(() => relaying.delete(relay)); // one side has ended
        relaying.add(relay);
      }
    } finally {
      await Promise.all(relaying);
    }
  }

  async #relay(client: Deno.Conn): Promise<void> {
    this.#open.add(client);
    let gateway: Deno.Conn | undefined;
    try {
      const head = new Uint8Array(HEAD_SIZE);
      const first = head.subarray(0, await client.read(head) ?? 0);
      const window = WINDOW.exec(new TextDecoder("latin1").decode(first))?.[1];
      if (window === undefined) return;
      const name = `w${window}`;
      gateway = await Deno.connect({ hostname: this.#gateway.host, port: this.#gateway.port });
      this.#open.add(gateway);
      using _connected = this.#wire.connected(name, this.#name);
      const there = this.#pump(client, gateway, first, (bytes) => this.#wire.pass(name, this.#name, bytes));
      const back = this.#pump(gateway, client, new Uint8Array(), (bytes) => this.#wire.pass(this.#name, name, bytes));
      await Promise.race([there, back]); // then the other ends too
    } finally {
      for (const connection of [client, gateway]) {
        if (!connection) continue;
        this.#open.delete(connection);
        close(connection);
      }
    }
  }

  async #pump(
    from: Deno.Conn,
    to: Deno.Conn,
    first: Uint8Array,
    passed: (bytes: number) => void,
  ): Promise<void> {
    const sizes = new FrameSizes();
    const buffer = new Uint8Array(64 * 1024);
    let chunk: Uint8Array | undefined = first;
    while (chunk) {
      for (const size of sizes.push(chunk)) passed(size);
      await writeAll(to, chunk);
      const n: number | null = await from.read(buffer);
      chunk = n === null ? undefined : buffer.subarray(0, n);
    }
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // it is closed already
  }
}
