import type { SocketAddress } from "../sphinx/node_address.ts";

/** ms from the connection to the first whole request: the handshake, and what HTTP there is before the WebSocket */
const ARRIVAL_TIME = 10_000;
/** Connections that have not come so far; who comes beyond that is turned away. */
const MAX_ARRIVING = 512;
/** bytes read at a time; each connection has two such buffers */
const BUFFER_SIZE = 16 * 1024;
/** A failed accept (as when descriptors run out) is tried again after this many ms. */
const ACCEPT_RETRY = 100;

export type CountArrival = (name: "tls_arrivals_timed_out" | "tls_arrivals_refused") => void;

/**
 * The port that the world connects to when a server speaks TLS. Bytes are passed on as they are to the server at
 * `inner()`. Why the server itself is not there: it would have to close its WebSockets to change its certificate, whereas
 * here a second one, with the new certificate, takes over what comes from then on, and no connection is refused between.
 */
export class TlsFront implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  #closing = false;
  readonly #tunnels = new Map<Tunnel, Promise<void>>();
  /** how many have no request with the server yet */
  #arriving = 0;
  /** by the port that their connection to the server comes from */
  readonly #byPort = new Map<number, Tunnel>();

  private constructor(
    address: SocketAddress,
    private readonly inner: () => SocketAddress,
    private readonly count: CountArrival,
    private readonly arrivalTime: number,
  ) {
    this.#listener = Deno.listen({ hostname: address.host, port: address.port });
    this.#accepting = this.#accept();
  }

  /**
   * Listens at `address` (port 0: any free one). A connection whose request is not with the server after `arrivalTime` ms
   * is closed.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen
   */
  static listen(
    address: SocketAddress,
    inner: () => SocketAddress,
    count: CountArrival,
    arrivalTime = ARRIVAL_TIME,
  ): TlsFront {
    return new TlsFront(address, inner, count, arrivalTime);
  }

  get address(): SocketAddress {
    const { hostname, port } = this.#listener.addr;
    return { host: hostname, port };
  }

  /** The server has got a request on the connection that comes from this port of ours. */
  arrived(port: number): void {
    this.#byPort.get(port)?.arrived();
  }

  /** Who is at the other end of the connection that comes from this port; undefined when it is none of ours. */
  peerAt(port: number): Deno.NetAddr | undefined {
    return this.#byPort.get(port)?.peer;
  }

  /** Accepts no more, and ends those whose request has not arrived. */
  stop(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#listener.close();
    for (const tunnel of this.#tunnels.keys()) if (tunnel.isArriving) tunnel.end();
  }

  /** Ends all. */
  cut(): void {
    for (const tunnel of this.#tunnels.keys()) tunnel.end();
  }

  /** The server behind is to be closed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#accepting;
    this.cut();
    await Promise.all(this.#tunnels.values());
  }

  async #accept(): Promise<void> {
    while (!this.#closing) {
      try {
        const connection = await this.#listener.accept();
        if (this.#arriving < MAX_ARRIVING) this.#open(connection);
        else {
          this.count("tls_arrivals_refused");
          connection.close();
        }
      } catch {
        if (!this.#closing) await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY));
      }
    }
  }

  #open(connection: Deno.TcpConn): void {
    const tunnel = new Tunnel(connection);
    this.#arriving++;
    const timer = setTimeout(() => {
      this.count("tls_arrivals_timed_out");
      tunnel.end();
    }, this.arrivalTime);
    tunnel.onArrival = () => {
      clearTimeout(timer);
      this.#arriving--;
    };
    const serving = tunnel.serve(this.inner(), this.#byPort).finally(() => {
      tunnel.arrived();
      this.#tunnels.delete(tunnel);
    });
    this.#tunnels.set(tunnel, serving);
  }
}

/** One connection from outside and its counterpart to the server behind. */
class Tunnel {
  readonly peer: Deno.NetAddr;
  /** called once: when the server has the request, or at the end if that is earlier */
  onArrival: (() => void) | undefined;
  #inside: Deno.TcpConn | undefined;
  #ended = false;

  constructor(private readonly outside: Deno.TcpConn) {
    this.peer = outside.remoteAddr;
  }

  get isArriving(): boolean {
    return this.onArrival !== undefined;
  }

  arrived(): void {
    const tell = this.onArrival;
    this.onArrival = undefined;
    tell?.();
  }

  /** Resolves at its end, which is that of either connection. */
  async serve({ host, port }: SocketAddress, byPort: Map<number, Tunnel>): Promise<void> {
    try {
      this.#inside = await Deno.connect({ hostname: host, port });
    } catch {
      return this.end(); // the server is closing
    }
    if (this.#ended) return this.#inside.close();
    this.#inside.setNoDelay();
    this.outside.setNoDelay();
    const ourPort = this.#inside.localAddr.port;
    byPort.set(ourPort, this);
    await Promise.all(
      [copy(this.outside, this.#inside), copy(this.#inside, this.outside)].map((way) => way.finally(() => this.end())),
    );
    byPort.delete(ourPort);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.outside.close();
    this.#inside?.close();
  }
}

/** Passes on what comes until either connection ends, in whichever way. */
async function copy(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_SIZE);
  try {
    for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
      for (let written = 0; written < n;) written += await to.write(buffer.subarray(written, n));
    }
  } catch {
    // a reset, or the other way has ended: the same end for both
  }
}
