import type { SocketAddress } from "../addresses/socket_address.ts";
import type { ClientConnection } from "../clients/front/client_connection.ts";
import { DIAL_DEADLINE, Entrance } from "../clients/front/entrance.ts";
import type { TlsIdentity } from "../clients/front/tls_client.ts";
import type { Count } from "../counting/counters.ts";
import { BEHIND_A_PROXY, peerNetwork } from "../limits/peers.ts";
import { Places } from "../limits/places.ts";
import { logger } from "../logging/log.ts";
import type { TrustedProxies } from "../proxies/trusted_proxies.ts";
import type { Peer } from "../clients/requester.ts";
import type { DirectoryCounterName } from "./counter_table.ts";

/** ms that a connection may go without a request, or may take for an answer, and again for each part of a long one */
const PATIENCE = 30_000;
/** bytes of that part */
const TIMED_SIZE = 262_144;
/** ms between two checks of all connections */
const CHECK_INTERVAL = 1000;
/** bytes of an answer that are passed on at a time */
const ANSWER_BUFFER = 16_384;
/** How HTTP/2 begins, and no request of HTTP/1 (RFC 9113 §3.4). */
const HTTP_2 = new TextEncoder().encode("PRI ");

/** Limits on connections. */
export interface DoorLimits {
  /** at once */
  readonly connections: number;
  /** at once from one network */
  readonly connectionsPerNetwork: number;
  /** whether the limits of a network apply to this machine too */
  readonly limitLoopback: boolean;
  /** addresses and networks of the proxies that are trusted to name their clients */
  readonly trustedProxies: readonly string[];
}

const log = logger("nym_gateway::directory");

/**
 * The port that nodes and clients connect to. It terminates TLS and passes everything on to the runtime's server at
 * `inner()`, which can neither limit its connections, nor end one whose peer is slow, nor change its certificate without
 * ending them all.
 */
export class Door implements AsyncDisposable {
  readonly #entrance: Entrance;
  readonly #places: Places<Passage>;
  readonly #passages = new Set<Passage>();
  /** by the local port of their connection to the server */
  readonly #byPort = new Map<number, Passage>();
  readonly #timer: ReturnType<typeof setInterval>;
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
    private readonly limits: DoorLimits,
    private readonly count: Count<DirectoryCounterName>,
    private readonly patience = PATIENCE,
  ) {
    const places = () => ({ total: limits.connections, perNetwork: limits.connectionsPerNetwork });
    this.#places = new Places(places, places, { pending: 1 / 4, known: 0, usefulAt: ({ heardAt }) => heardAt });
    this.#entrance = new Entrance(address, identity, inner, () => limits.trustedProxies, {
      admit: (connection) => this.#admit(connection),
      acceptingFailed: (reason, isFirst) => {
        count("accept_errors");
        if (isFirst) log.warn(`Cannot accept connections for now, retrying: ${reason}`);
      },
    });
    this.#timer = setInterval(() => this.#endSilent(), Math.min(CHECK_INTERVAL, patience));
  }

  /** Where it listens, with the actual port if port 0 was asked for. */
  get address(): SocketAddress {
    return this.#entrance.address;
  }

  /** Whether connections can be accepted, as far as the last attempt shows. */
  get isAccepting(): boolean {
    return this.#entrance.isAccepting;
  }

  /** Whether the server cannot be reached, as far as the last attempt shows. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** The proxies that are trusted to name their clients. */
  get proxies(): TrustedProxies {
    return this.#entrance.proxies;
  }

  /** The number of connections. */
  get connections(): number {
    return this.#passages.size;
  }

  /** A request has come to the server from this port. Returns whose it is; undefined if it did not come through the door. */
  requestFrom(port: number): Peer | undefined {
    const passage = this.#byPort.get(port);
    passage?.hear();
    return passage?.peer;
  }

  /** The request from this port was one that the directory is for: its connection is not evicted for newcomers that may be a flood. */
  confirm(port: number): void {
    const passage = this.#byPort.get(port);
    if (passage !== undefined) this.#places.confirm(passage.peer.network, passage);
  }

  /**
   * Shows this certificate to those who connect from now on. Nobody is disconnected.
   * @throws what node:tls throws if it can't use the identity; the previous one stays in use
   */
  renew(identity: TlsIdentity): void {
    this.#entrance.renew(identity);
  }

  /** Stops accepting, and ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#entrance.stop();
    const ending = [...this.#passages].map((passage) => passage.ended);
    for (const passage of this.#passages) passage.cut();
    await Promise.all(ending);
  }

  #admit(connection: Deno.TcpConn): void {
    const { hostname: host } = connection.remoteAddr;
    const network = this.proxies.include(host) ? BEHIND_A_PROXY : peerNetwork(host, this.limits.limitLoopback);
    const room = this.#places.roomFor(network);
    if (room.kind === "no") {
      this.count("connections_refused");
      return connection.close();
    }
    if (room.kind === "evict") {
      this.count("connections_evicted");
      room.holder.cut();
      this.#places.leave(room.holder.peer.network, room.holder);
    }
    const passage = new Passage(this.#entrance.open(connection), { host, network });
    this.#passages.add(passage);
    this.#places.take(network, passage);
    passage.ended = this.#serve(passage).finally(() => {
      this.#passages.delete(passage);
      this.#places.leave(network, passage);
    });
  }

  async #serve(passage: Passage): Promise<void> {
    let inside: Deno.TcpConn;
    try {
      inside = await this.#entrance.dial(DIAL_DEADLINE);
      this.#isCutOff = false;
    } catch (error) {
      this.count("accept_errors");
      if (!this.#isCutOff) log.error(`Cannot pass connections on to the server behind the door: ${error}`);
      this.#isCutOff = true;
      return passage.cut();
    }
    const { port } = inside.localAddr;
    this.#byPort.set(port, passage);
    await passage.pass(inside);
    this.#byPort.delete(port);
  }

  #endSilent(): void {
    const earliest = performance.now() - this.patience;
    for (const passage of this.#passages) {
      if (passage.heardAt >= earliest) continue;
      this.count("connections_silent");
      passage.cut();
    }
  }
}

/** A connection, and the one to the server that belongs to it. */
class Passage {
  /** when it was accepted, or last made a request or took a part of an answer; ms of performance.now() */
  heardAt: number = performance.now();
  /** resolves when nothing is left of it */
  ended: Promise<void> = Promise.resolve();
  #inside: Deno.TcpConn | undefined;
  #isCut = false;

  constructor(private readonly outside: ClientConnection, readonly peer: Peer) {}

  /** Passes requests in and answers out until either side ends. */
  async pass(inside: Deno.TcpConn): Promise<void> {
    if (this.#isCut) return inside.close();
    this.#inside = inside;
    const cut = () => this.cut();
    await Promise.all([this.#passIn(inside).catch(cut), this.#passOut(inside).then(cut, cut)]);
  }

  /** It was useful just now. */
  hear(): void {
    this.heardAt = performance.now();
  }

  /** Ends both connections at once. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.outside.close();
    this.#inside?.close();
  }

  /** HTTP/2 is refused: requests would not be one after the other, and an answer to a ping would count as one to a request. */
  async #passIn(inside: Deno.TcpConn): Promise<void> {
    let begun = 0; // bytes that are those of HTTP_2; NaN if it is not that
    for (let bytes = await this.outside.receive(); bytes !== null; bytes = await this.outside.receive()) {
      for (let i = 0; i < bytes.length && begun < HTTP_2.length; i++) {
        begun = bytes[i] === HTTP_2[begun] ? begun + 1 : NaN;
      }
      if (begun === HTTP_2.length) return this.cut();
      await writeAll(inside, bytes);
    }
    await inside.closeWrite();
  }

  async #passOut(inside: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(ANSWER_BUFFER);
    let taken = 0;
    for (let n = await inside.read(buffer); n !== null; n = await inside.read(buffer)) {
      await writeAll(this.outside, buffer.subarray(0, n));
      if (Math.floor(taken / TIMED_SIZE) < Math.floor((taken += n) / TIMED_SIZE)) this.hear();
    }
  }
}

async function writeAll(to: Pick<Deno.TcpConn, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
