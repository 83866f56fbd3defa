import type { Count } from "../../counting/counters.ts";
import { Accepting } from "../../limits/accepting.ts";
import { peerNetwork } from "../../limits/peers.ts";
import { Places } from "../../limits/places.ts";
import { logger } from "../../logging/log.ts";
import type { SocketAddress } from "../../addresses/socket_address.ts";
import { setNoDelay } from "./no_delay.ts";
import { SecureClient } from "./secure_client.ts";
import { type TlsIdentity, TlsStage } from "./tls_stage.ts";
import { Tunnel } from "./tunnel.ts";

/** Connections that have not become WebSockets yet. For one more, the oldest of the network that has had most is evicted. */
const MAX_ARRIVING = { total: 1024, perNetwork: Infinity };
/** The frames of so many seconds may come at once. */
const FRAMES_BURST = 2;

/** What a client may take of the front. */
export interface FrontLimits {
  /** ms that a connection has to become a WebSocket, and then once more to log in */
  readonly loginDeadline: number;
  /** frames a client may send in a second; one that sends more is closed */
  readonly framesPerSecond: number;
  /** whether what counts for a network counts for this machine too */
  readonly limitLoopback: boolean;
}

const log = logger("nym_gateway::node::client_handling::websocket::listener");

/**
 * The port that clients connect to. It ends TLS, watches what comes, and passes it on to the runtime's server at
 * `inner()`. Why the server itself is not there: it takes whatever it is sent into memory before anyone else sees it,
 * can't end a connection whose other end is silent, ends with all its WebSockets when it finds no descriptor, has to close
 * them to change its certificate, and writes each message by itself.
 */
export class Front {
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Accepting;
  readonly #admitting: Promise<void>;
  #stage: TlsStage | undefined;
  /** those with older certificates that still have something to do */
  readonly #retiring = new Set<Promise<void>>();
  readonly #tunnels = new Map<Tunnel, Promise<void>>();
  /** by the port that their connection to the server comes from */
  readonly #byPort = new Map<number, Tunnel>();
  readonly #arriving = new Places<Tunnel>(() => MAX_ARRIVING, () => MAX_ARRIVING);

  /**
   * Listens at `address` (port 0: any free one), with TLS if there is an `identity`.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen
   */
  constructor(
    address: SocketAddress,
    identity: TlsIdentity | undefined,
    private readonly inner: () => SocketAddress,
    private readonly limits: FrontLimits,
    private readonly count: Count,
  ) {
    this.#listener = Deno.listen({ hostname: address.host, port: address.port });
    this.#accepting = new Accepting(this.#listener, (reason, isFirst) => {
      count("client_accept_errors");
      if (isFirst) log.warn(`Cannot accept clients' connections for now, trying on: ${reason}`);
    });
    this.#admitting = this.#admitAll();
    if (identity !== undefined) this.renew(identity);
  }

  get address(): SocketAddress {
    const { hostname, port } = this.#listener.addr;
    return { host: hostname, port };
  }

  /** Whether connections can be accepted, as far as the last attempt tells. */
  get isAccepting(): boolean {
    return this.#accepting.succeeds;
  }

  /** What the server's connection from this port is the other end of; undefined when it is none of ours. */
  tunnelFrom(port: number): Tunnel | undefined {
    return this.#byPort.get(port);
  }

  /**
   * Shows this certificate to who comes from now on; nobody is disconnected, and nobody refused.
   * @throws what Deno.listenTls throws when it won't do; the one before stays
   */
  renew(identity: TlsIdentity): void {
    const stage = new TlsStage(identity);
    this.#retire();
    this.#stage = stage;
  }

  /** Accepts no more, ends those that are no WebSockets yet, and `farewell` ms later those that have not ended by then. */
  async close(farewell: number): Promise<void> {
    this.#accepting.stop();
    await this.#admitting;
    for (const tunnel of this.#tunnels.keys()) tunnel.cutIn(tunnel.isArriving ? 0 : farewell);
    await Promise.all(this.#tunnels.values());
    this.#retire();
    await Promise.all(this.#retiring);
  }

  #retire(): void {
    const closing = this.#stage?.close().finally(() => this.#retiring.delete(closing!));
    if (closing !== undefined) this.#retiring.add(closing);
  }

  async #admitAll(): Promise<void> {
    for (let next = await this.#accepting.next(); next !== undefined; next = await this.#accepting.next()) {
      await this.#admit(next);
    }
  }

  /** Resolves when the server can have accepted it: one after the other, so that what is seen to be free is free. */
  #admit(connection: Deno.TcpConn): Promise<void> {
    const network = peerNetwork(connection.remoteAddr.hostname, this.limits.limitLoopback);
    const room = this.#arriving.roomFor(network);
    if (room.kind === "evict") {
      this.count("pending_evicted");
      room.holder.cut();
    }
    const { framesPerSecond, loginDeadline } = this.limits;
    const rate = { burst: FRAMES_BURST * framesPerSecond, perSecond: framesPerSecond };
    setNoDelay(connection);
    const client = this.#stage === undefined ? connection : new SecureClient(connection, this.#stage);
    const tunnel = new Tunnel(client, network, rate, this.count);
    this.#arriving.take(network, tunnel);
    const timer = setTimeout(() => {
      this.count("pending_timed_out");
      tunnel.cut();
    }, loginDeadline);
    tunnel.onArrival = (isWebSocket) => {
      clearTimeout(timer);
      if (isWebSocket) this.#arriving.confirm(network, tunnel);
      this.#arriving.leave(network, tunnel);
    };
    this.#tunnels.set(tunnel, tunnel.serve(this.inner(), this.#byPort).finally(() => this.#tunnels.delete(tunnel)));
    return tunnel.connected;
  }
}
