import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import { Accepting } from "../limits/accepting.ts";
import { networkOf } from "../limits/network.ts";
import { BEHIND_A_PROXY, peerNetwork } from "../limits/peers.ts";
import { Places, type Shares, type Standing } from "../limits/places.ts";
import { logger } from "../logging/log.ts";
import { peerAddress } from "../addresses/peer.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { ProxyHeader } from "../proxies/proxy_header.ts";
import { TrustedProxies } from "../proxies/trusted_proxies.ts";
import { Standstill } from "../timing/standstill.ts";
import { FrameParser } from "./frames.ts";
import type { Origin } from "./origins.ts";
import { Turns } from "./turns.ts";

/** Receives the packets of all mixnodes' connections. */
export interface PacketSink {
  /** Copies the packet (`PACKET_SIZE` bytes), and reports to `origin` if it is good. Called only when there is room. */
  add(packet: Uint8Array, origin: Origin): void;
  /** undefined if there is room for a packet, else a promise of room; the listener stops reading until then. */
  room(): Promise<void> | undefined;
  /** Called after the packets of each read: an incomplete batch need not wait any longer. */
  flush(): void;
}

/** Limits for mixnodes' connections. */
export interface MixnetLimits {
  /** in total */
  readonly mixnetConnections: number;
  /** from one network of peers (limits/peers.ts) */
  readonly mixnetConnectionsPerNetwork: number;
  /** ms from the beginning of a frame to its end */
  readonly mixnetFrameDeadline: number;
  /** ms after which a silent connection is closed; 0: never */
  readonly mixnetIdleTimeout: number;
  /** whether this machine counts as one network like any other */
  readonly limitLoopback: boolean;
  /** addresses and networks of the proxies that are trusted to name their clients */
  readonly trustedProxies: readonly string[];
}

const log = logger("nym_gateway::mixnet");

const READ_SIZE = 65_536;
/** Until a read fills it, so that quiet connections cost little memory. */
const FIRST_READ_SIZE = 4096;
/** When all places are taken, mixnodes of the topology have half of them, and connections without a good packet these. */
const SHARES: Shares<Stream> = { pending: 1 / 8, known: 1 / 2, usefulAt: ({ usefulAt }) => usefulAt };
/** ms between checks of deadlines; less if they are short */
const TICK = 1000;

const UNLIMITED: MixnetLimits = {
  mixnetConnections: Infinity,
  mixnetConnectionsPerNetwork: Infinity,
  mixnetFrameDeadline: Infinity,
  mixnetIdleTimeout: 0,
  limitLoopback: false,
  trustedProxies: [],
};

/** The state of a connection. Times in ms of performance.now(). */
interface Stream extends Origin {
  readonly connection: Deno.TcpConn;
  /** that it counts towards now */
  network: string;
  /** what a trusted proxy may say first; undefined once that is read, and for all others */
  header: ProxyHeader | undefined;
  readonly parser: FrameParser;
  heardAt: number;
  /** when it was accepted, or when its latest good packet was unwrapped */
  usefulAt: number;
  /** `confirmed` once it has brought a good packet */
  standing: Standing;
  /** when the current, incomplete frame or header began */
  frameBeganAt: number | undefined;
  /** false while it waits for us */
  isRead: boolean;
}

/**
 * Incoming packets: mixnodes connect and push frames (spec §4); nothing is ever sent back. A corrupt stream closes its own
 * connection only. While the sink is full nothing is read, which creates backpressure. When places run out, connections
 * that have not brought a good packet are evicted before those that have, and those before mixnodes of the topology.
 */
export class MixnetListener {
  readonly #listener: Deno.TcpListener;
  readonly #sink: PacketSink;
  readonly #count: Count<MixnetCounterName>;
  readonly #limits: MixnetLimits;
  readonly #isMixnode: (host: string) => boolean;
  readonly #places: Places<Stream>;
  readonly #proxies: TrustedProxies;
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #standstill = new Standstill(performance.now());
  readonly #streams = new Map<Stream, Promise<void>>();
  readonly #turns = new Turns<Stream>();
  readonly #accepting: Accepting;
  readonly #admitting: Promise<void>;
  #disposed = false;

  private constructor(
    listener: Deno.TcpListener,
    sink: PacketSink,
    count: Count<MixnetCounterName>,
    limits: MixnetLimits,
    isMixnode: (host: string) => boolean,
  ) {
    this.#listener = listener;
    this.#sink = sink;
    this.#count = count;
    this.#limits = limits;
    this.#isMixnode = isMixnode;
    const places = () => ({ total: limits.mixnetConnections, perNetwork: limits.mixnetConnectionsPerNetwork });
    this.#places = new Places(places, places, SHARES);
    this.#proxies = new TrustedProxies(() => limits.trustedProxies);
    this.#ticker = setInterval(() => this.#tick(performance.now()), Math.min(TICK, limits.mixnetFrameDeadline / 4));
    this.#accepting = new Accepting(listener, (reason, isFirst) => {
      count("accept_errors");
      if (isFirst) log.warn(`Cannot accept mixnet connections for now, retrying: ${reason}`);
    });
    this.#admitting = this.#admitAll();
  }

  /**
   * Listens on `address`; port 0 stands for any free port. Events are counted by name through `count`. `isMixnode` says
   * whether a mixnode of the topology has an IP address.
   *
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen
   */
  static listen(
    address: SocketAddress,
    sink: PacketSink,
    count: Count<MixnetCounterName>,
    limits = UNLIMITED,
    isMixnode: (host: string) => boolean = () => false,
  ): MixnetListener {
    const listener = Deno.listen({ hostname: address.host, port: address.port });
    return new MixnetListener(listener, sink, count, limits, isMixnode);
  }

  /** The address that it listens on, with the actual port. */
  get address(): SocketAddress {
    const { hostname, port } = this.#listener.addr;
    return { host: hostname, port };
  }

  /** Whether the latest attempt to accept a connection succeeded. */
  get isAccepting(): boolean {
    return this.#accepting.succeeds;
  }

  /** Stops accepting, hands what was read to the sink and closes all connections. The sink must outlive this. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    clearInterval(this.#ticker);
    this.#accepting.stop();
    await this.#admitting;
    const reading = [...this.#streams.values()];
    for (const stream of this.#streams.keys()) this.#close(stream);
    await Promise.all(reading);
  }

  async #admitAll(): Promise<void> {
    for (let next = await this.#accepting.next(); next !== undefined; next = await this.#accepting.next()) {
      this.#admit(next);
    }
  }

  #admit(connection: Deno.TcpConn): void {
    const { hostname } = connection.remoteAddr;
    const isProxy = this.#proxies.include(hostname);
    const network = isProxy ? BEHIND_A_PROXY : peerNetwork(hostname, this.#limits.limitLoopback);
    const standing = !isProxy && this.#isMixnode(peerAddress(hostname)) ? "known" : "pending";
    if (!this.#makeRoom(network, standing)) return connection.close();
    this.#count("connections_opened");
    const now = performance.now();
    const stream: Stream = {
      connection,
      network,
      header: isProxy ? new ProxyHeader() : undefined,
      parser: new FrameParser(),
      heardAt: now,
      usefulAt: now,
      frameBeganAt: undefined,
      isRead: true,
      standing,
      proved: (now) => {
        stream.usefulAt = now;
        if (stream.standing !== "pending") return;
        stream.standing = "confirmed";
        this.#places.confirm(stream.network, stream);
      },
    };
    this.#places.take(network, stream, standing);
    this.#streams.set(stream, this.#serve(stream));
  }

  /** Whether there is a place for a connection from that network. May evict another one. */
  #makeRoom(network: string, standing: Standing): boolean {
    const room = this.#places.roomFor(network, standing);
    if (room.kind === "no") this.#count("connections_refused");
    else if (room.kind === "evict") {
      this.#count("connections_evicted");
      this.#turns.leave(room.holder); // or those that come and are evicted would wait in any number
      this.#close(room.holder);
    }
    return room.kind !== "no";
  }

  /**
   * Reads what a trusted proxy says first, and then moves the stream to the place that it should have. Returns the bytes
   * after it, or undefined if the stream ends here.
   */
  #introduce(stream: Stream, header: ProxyHeader, bytes: Uint8Array): Uint8Array | undefined {
    const beginning = header.push(bytes);
    if (beginning.kind === "incomplete") return new Uint8Array(0);
    if (beginning.kind === "malformed") {
      this.#count("streams_malformed_proxy_header");
      log.warn("A trusted proxy sent a malformed PROXY header; closed its connection");
      return undefined;
    }
    if (!this.#streams.has(stream)) return undefined; // closed in the meantime
    stream.header = undefined;
    const { source, rest } = beginning;
    const { hostname } = stream.connection.remoteAddr;
    const network = source === undefined ? peerNetwork(hostname, this.#limits.limitLoopback) : networkOf(source);
    const standing = this.#isMixnode(source ?? peerAddress(hostname)) ? "known" : "pending";
    this.#places.leave(stream.network, stream);
    if (!this.#makeRoom(network, standing)) return undefined;
    stream.network = network;
    stream.standing = standing;
    this.#places.take(network, stream, standing);
    return rest;
  }

  async #serve(stream: Stream): Promise<void> {
    const { connection, parser } = stream;
    try {
      connection.setKeepAlive(true); // to notice, in the end, a mixnode that vanished
    } catch {
      // It is closed already, which the read will notice.
    }
    let buffer = new Uint8Array(FIRST_READ_SIZE);
    for (;;) {
      const length = await connection.read(buffer).catch(() => null); // a reset counts as the end of the stream
      if (length === null) break;
      let bytes: Uint8Array | undefined = buffer.subarray(0, length);
      if (stream.header !== undefined) bytes = this.#introduce(stream, stream.header, bytes);
      if (bytes === undefined) break;
      stream.isRead = false;
      const packets = await this.#take(stream, bytes);
      if (parser.corrupt !== undefined) break;
      stream.isRead = true;
      stream.heardAt = performance.now();
      if (buffer.length < READ_SIZE && length === buffer.length && packets > 0) buffer = new Uint8Array(READ_SIZE);
      if (!parser.midFrame && stream.header === undefined) stream.frameBeganAt = undefined;
      else if (packets > 0) stream.frameBeganAt = stream.heardAt;
      else stream.frameBeganAt ??= stream.heardAt;
    }
    if (parser.corrupt !== undefined) this.#count("streams_corrupt");
    else if ((parser.midFrame || stream.header?.isBegun) && this.#streams.has(stream)) this.#count("streams_cut"); // and we did not close it
    this.#close(stream);
  }

  #tick(now: number): void {
    if (this.#standstill.hasBeen(now)) return;
    const { mixnetFrameDeadline, mixnetIdleTimeout } = this.#limits;
    for (const stream of this.#streams.keys()) {
      if (!stream.isRead) continue;
      if (stream.frameBeganAt !== undefined && now - stream.frameBeganAt > mixnetFrameDeadline) {
        this.#count("streams_stalled");
        this.#close(stream);
      } else if (
        mixnetIdleTimeout > 0 && stream.frameBeganAt === undefined && now - stream.heardAt > mixnetIdleTimeout
      ) {
        this.#count("connections_idle");
        this.#close(stream);
      }
    }
  }

  /** Checks for room before each packet, and waits for its turn if there is too little for all connections. */
  async #take(stream: Stream, chunk: Uint8Array): Promise<number> {
    let packets = 0;
    let turn: Disposable | undefined;
    try {
      for (const packet of stream.parser.push(chunk)) {
        if (turn === undefined && (this.#turns.isTaken || this.#sink.room() !== undefined)) {
          turn = await this.#turns.take(stream.standing, stream);
          if (turn === undefined) break; // it was evicted meanwhile
        }
        for (let room = this.#sink.room(); room !== undefined; room = this.#sink.room()) {
          this.#sink.flush();
          await room;
        }
        this.#sink.add(packet, stream);
        packets++;
      }
      this.#sink.flush();
    } finally {
      turn?.[Symbol.dispose]();
    }
    return packets;
  }

  #close(stream: Stream): void {
    if (!this.#streams.delete(stream)) return; // closed already
    this.#places.leave(stream.network, stream);
    this.#count("connections_closed");
    stream.connection.close();
  }
}
