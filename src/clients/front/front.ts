import type { Count } from "../../counting/counters.ts";
import { networkOf } from "../../limits/network.ts";
import { BEHIND_A_PROXY, peerNetwork } from "../../limits/peers.ts";
import { Places } from "../../limits/places.ts";
import { logger } from "../../logging/log.ts";
import type { TrustedProxies } from "../../proxies/trusted_proxies.ts";
import type { SocketAddress } from "../../addresses/socket_address.ts";
import type { RawConnection } from "./client_connection.ts";
import { DIAL_DEADLINE, Entrance } from "./entrance.ts";
import { type Introduction, ProxiedClient } from "./proxied_client.ts";
import type { TlsIdentity } from "./tls_client.ts";
import { Tunnel } from "./tunnel.ts";

/** The most connections that are not WebSockets yet. Places evicts one of them for the next. */
const MAX_PENDING = { total: 1024, perNetwork: Infinity };
/** The frames of this many seconds may come at once. */
const FRAMES_BURST = 2;

/** Limits on what one client may use of the front. */
export interface FrontLimits {
  /** ms that a connection has to become a WebSocket, and then once more to log in */
  readonly loginDeadline: number;
  /** frames a client may send in a second; one that sends more is closed */
  readonly framesPerSecond: number;
  /** whether this machine counts as one network like any other */
  readonly limitLoopback: boolean;
  /** addresses and networks of the proxies whose word about their clients' addresses is trusted */
  readonly trustedProxies: readonly string[];
}

/** The place of a connection that is not a WebSocket yet. */
interface Place {
  /** the network that it counts towards now */
  network: string;
}

const log = logger("nym_gateway::node::client_handling::websocket::listener");

/**
 * The port that clients connect to. It terminates TLS, checks what clients send, and passes it on to the runtime's
 * server at `inner()`. Clients do not connect to that server directly because it reads whatever it is sent into memory
 * before any of our code sees it, cannot end a connection whose peer is silent, ends with all its WebSockets when it
 * runs out of descriptors, must close them to change its certificate, and writes each message separately.
 */
export class Front {
  readonly #entrance: Entrance;
  readonly #tunnels = new Set<Tunnel>();
  /** by the local port of their connection to the server */
  readonly #byPort = new Map<number, Tunnel>();
  readonly #pending = new Places<Tunnel>(() => MAX_PENDING, () => MAX_PENDING);
  /** whether the last connection to the server failed */
  #isCutOff = false;

  /**
   * Listens at `address` (port 0: any free one), with TLS if there is an `identity`.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen; what node:tls throws if `identity` is unusable
   */
  constructor(
    address: SocketAddress,
    identity: TlsIdentity | undefined,
    inner: () => SocketAddress,
    private readonly limits: FrontLimits,
    private readonly count: Count,
    private readonly dialDeadline = DIAL_DEADLINE,
  ) {
    this.#entrance = new Entrance(address, identity, inner, () => limits.trustedProxies, {
      admit: (connection) => this.#admit(connection),
      acceptingFailed: (reason, isFirst) => {
        count("client_accept_errors");
        if (isFirst) log.warn(`Cannot accept clients' connections for now, retrying: ${reason}`);
      },
    });
  }

  /** Where it listens, with the actual port if port 0 was asked for. */
  get address(): SocketAddress {
    return this.#entrance.address;
  }

  /** Whether connections can be accepted, as far as the last attempt shows. */
  get isAccepting(): boolean {
    return this.#entrance.isAccepting;
  }

  /** The proxies whose word about their clients' addresses is trusted. */
  get proxies(): TrustedProxies {
    return this.#entrance.proxies;
  }

  /** Whether the server cannot be reached, as far as the last attempt shows. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** The tunnel whose connection to the server comes from this port; undefined if the front did not make it. */
  tunnelFrom(port: number): Tunnel | undefined {
    return this.#byPort.get(port);
  }

  /**
   * Shows this certificate to clients that connect from now on. No client is disconnected or refused.
   * @throws what node:tls throws if it cannot use the identity; the previous one stays in use
   */
  renew(identity: TlsIdentity): void {
    this.#entrance.renew(identity);
  }

  /** Stops accepting, ends connections that are not WebSockets yet at once, and the others after `farewell` ms. */
  async close(farewell: number): Promise<void> {
    await this.#entrance.stop();
    for (const tunnel of this.#tunnels) tunnel.cutIn(tunnel.isPending ? 0 : farewell);
    await Promise.all([...this.#tunnels].map(({ gone }) => gone));
  }

  #admit(connection: Deno.TcpConn): void {
    const host = connection.remoteAddr.hostname;
    const network = peerNetwork(host, this.limits.limitLoopback);
    const isProxy = this.proxies.include(host);
    const place: Place = { network: isProxy ? BEHIND_A_PROXY : network };
    const room = this.#pending.roomFor(place.network);
    if (room.kind === "evict") {
      this.count("pending_evicted");
      room.holder.cut();
    }
    const { framesPerSecond, loginDeadline } = this.limits;
    const rate = { burst: FRAMES_BURST * framesPerSecond, perSecond: framesPerSecond };
    const open = (connection: RawConnection) => this.#entrance.open(connection);
    const client = isProxy
      ? new ProxiedClient(connection, open, (introduction) => this.#introduce(tunnel, place, introduction))
      : open(connection);
    const tunnel = new Tunnel(client, { host, network }, rate, this.count, this.#dial, this.#byPort);
    this.#tunnels.add(tunnel);
    tunnel.gone.then(() => this.#tunnels.delete(tunnel));
    this.#awaitWebSocket(tunnel, place, loginDeadline);
  }

  /** Accepts a trusted proxy's word, if it gave any, about the tunnel's client. */
  #introduce(tunnel: Tunnel, place: Place, introduction: Introduction): void {
    if (!tunnel.isPending) return;
    if (introduction.kind === "malformed") {
      this.count("pending_malformed_proxy_header");
      log.warn("A trusted proxy sent a malformed PROXY header; closed its connection");
      return tunnel.cut();
    }
    const { source } = introduction;
    if (source === undefined) return;
    tunnel.peer = { host: source, network: networkOf(source) };
    this.#pending.leave(place.network, tunnel);
    place.network = tunnel.peer.network;
    this.#pending.take(place.network, tunnel);
  }

  /** Ends the tunnel if it has not become a WebSocket within `deadline` ms. */
  #awaitWebSocket(tunnel: Tunnel, place: Place, deadline: number): void {
    this.#pending.take(place.network, tunnel);
    const timer = setTimeout(() => {
      this.count("pending_timed_out");
      tunnel.cut();
    }, deadline);
    tunnel.onNoLongerPending = (isWebSocket) => {
      clearTimeout(timer);
      if (isWebSocket) this.#pending.confirm(place.network, tunnel);
      this.#pending.leave(place.network, tunnel);
    };
  }

  readonly #dial = async (): Promise<Deno.TcpConn> => {
    try {
      const connection = await this.#entrance.dial(this.dialDeadline);
      this.#isCutOff = false;
      return connection;
    } catch (error) {
      this.count("inner_dial_errors");
      if (!this.#isCutOff) log.error(`Cannot pass clients on to the WebSocket server behind the front: ${error}`);
      this.#isCutOff = true;
      throw error;
    }
  };
}
