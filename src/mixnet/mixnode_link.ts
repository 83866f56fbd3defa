import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { backoff } from "../timing/backoff.ts";
import { pause } from "../timing/pause.ts";
import { frame, FRAME_SIZE } from "./frames.ts";

/** How to connect to a mixnode, named as in `[debug]` of the configuration; times in ms. */
export interface ConnectSettings {
  /** for one attempt */
  initialConnectionTimeout: number;
  /** the wait after the first failure; it doubles with each further failure … */
  packetForwardingInitialBackoff: number;
  /** … up to this, after which the mixnode is given up */
  packetForwardingMaximumBackoff: number;
  /** after which an idle connection is closed, or at most twice as much; five minutes by default */
  idleTime?: number;
  /** after which a mixnode that takes nothing can be evicted, if others need the room; two seconds by default */
  stallTime?: number;
  /** replaces the runtime's TCP connections */
  connect?: Connect | undefined;
}

/** Opens a connection to a mixnode. Rejects once the signal is aborted. */
export type Connect = (to: SocketAddress, signal: AbortSignal) => Promise<Connection>;

/** The part of a connection that a link needs. */
export type Connection = Pick<Deno.Conn, "read" | "write" | "close">;

/** Opens a TCP connection. */
export async function connectByTcp({ host, port }: SocketAddress, signal: AbortSignal): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: host, port, signal });
  try {
    connection.setNoDelay(); // otherwise a packet waits until the one before it is acknowledged: 40 ms
  } catch {
    // It is closed already, which the read will notice.
  }
  return connection;
}

/**
 * Opens TCP connections, but none to this machine unless `mayStayHere`: it may have addresses that its configuration does
 * not know, and services that trust what comes from them. Nothing is sent over such a connection.
 */
export function connectElsewhere(mayStayHere: () => boolean): Connect {
  return async (to, signal) => {
    const connection = await connectByTcp(to, signal);
    if (connection.localAddr.hostname !== connection.remoteAddr.hostname || mayStayHere()) return connection;
    connection.close();
    throw new Error("the address is this machine's");
  };
}

/** Packets in one write: just under 64 KiB. */
const WRITE_PACKETS = 47;
/** ms, unless the settings say otherwise */
const IDLE_TIME = 5 * 60_000;

/**
 * The link to one mixnode: a queue, which the forwarder fills and bounds, and the connection that empties it. It exists
 * from its first packet until it has been idle or has given the mixnode up; `run` is its lifetime.
 */
export class MixnodeLink {
  /** packets of `PACKET_SIZE` bytes that have not been written, oldest first */
  readonly queue: Uint8Array[] = [];
  readonly #to: SocketAddress;
  readonly #settings: ConnectSettings;
  readonly #count: Count<MixnetCounterName>;
  readonly #onTaken: (packets: number) => void;
  readonly #ending = new AbortController();
  readonly #breaking = new AbortController();
  #connection: Connection | undefined;
  #wake: (() => void) | undefined;
  /** whether it had a packet since that was last checked */
  #isUsed = false;
  /** when the head of the queue began to wait, in ms of performance.now() */
  #waitsSince = 0;

  /** `onTaken(n)`: n packets have left the queue. */
  constructor(
    to: SocketAddress,
    settings: ConnectSettings,
    count: Count<MixnetCounterName>,
    onTaken: (packets: number) => void,
  ) {
    this.#to = to;
    this.#settings = settings;
    this.#count = count;
    this.#onTaken = onTaken;
  }

  /** Queues a packet of `PACKET_SIZE` bytes, which is kept and not copied. */
  add(packet: Uint8Array): void {
    if (this.queue.length === 0) this.#waitsSince = performance.now();
    this.queue.push(packet);
    this.#isUsed = true;
    this.#wake?.();
  }

  /** Whether there is a connection to the mixnode. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether there is a connection, and its queue is empty. */
  get isIdle(): boolean {
    return this.isConnected && this.queue.length === 0;
  }

  /** Since when the mixnode has taken nothing of what is queued for it, in ms of performance.now(); Infinity if nothing is. */
  get waitsSince(): number {
    return this.queue.length === 0 ? Infinity : this.#waitsSince;
  }

  /** Drops the newest packet, unless it may be in the current write; returns whether it did. */
  giveUpNewest(): boolean {
    if (this.queue.length <= (this.isConnected ? WRITE_PACKETS : 0)) return false;
    this.queue.pop();
    this.#onTaken(1);
    return true;
  }

  /**
   * Ends `run`: a connection that is open, or being opened, first takes what is queued. Without one, as between two
   * attempts, it is dropped.
   */
  end(): void {
    this.#ending.abort();
    this.#wake?.();
  }

  /**
   * Ends `run` at once: breaks the connection, even inside a write, and gives up one that is being opened. What is queued
   * is dropped before this returns.
   */
  break(): void {
    this.end();
    this.#breaking.abort();
    this.#disconnect();
    this.#drop();
  }

  /**
   * Connects, sends and waits for more, and reconnects after a loss. Resolves with an empty queue: after the idle time,
   * after `end`, or when the mixnode stayed unreachable for the whole backoff and its packets were dropped and counted.
   */
  async run(): Promise<void> {
    let delays = this.#delays();
    do {
      const sent = await this.#connect() && await this.#send();
      if (sent) delays = this.#delays();
      else {
        const { value: delay } = delays.next();
        if (delay === undefined || this.#ending.signal.aborted) break;
        await pause(delay, this.#ending.signal);
      }
    } while (this.queue.length > 0 && !this.#ending.signal.aborted);
    this.#drop();
  }

  #delays(): Generator<number, undefined> {
    return backoff(this.#settings.packetForwardingInitialBackoff, this.#settings.packetForwardingMaximumBackoff);
  }

  async #connect(): Promise<boolean> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#settings.initialConnectionTimeout);
    const signal = AbortSignal.any([this.#breaking.signal, late.signal]);
    try {
      this.#connection = await (this.#settings.connect ?? connectByTcp)(this.#to, signal);
    } catch {
      if (!this.#breaking.signal.aborted) this.#count("mixnode_connects_failed");
      return false;
    } finally {
      clearTimeout(timer);
    }
    this.#count("mixnode_connections_opened");
    return true;
  }

  /** Sends over the connection until it is lost, idle or to end; returns whether it took a packet. */
  async #send(): Promise<boolean> {
    const connection = this.#connection!;
    // A mixnode never sends anything, so the read ends when the connection does. A write would notice that too late.
    const reading = connection.read(new Uint8Array(1)).catch(() => null).then(() => this.#disconnect());
    // Checked now and then, since a timer for each packet would cost more.
    const idling = setInterval(() => {
      if (!this.#isUsed && this.queue.length === 0) this.#disconnect();
      this.#isUsed = false;
    }, this.#settings.idleTime ?? IDLE_TIME);
    let sent = false;
    while (this.#connection !== undefined) {
      if (this.queue.length > 0) sent = await this.#write(connection) || sent;
      else if (this.#ending.signal.aborted) break;
      else await this.#woken();
    }
    clearInterval(idling);
    this.#disconnect();
    await reading;
    return sent;
  }

  /** Waits for a packet, the end or a loss. */
  async #woken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  /**
   * Writes the head of the queue; returns whether at least one packet was written. If the connection is lost, packets that
   * it took completely are gone, whether the mixnode has them or not. The others stay queued: parts of frames are void.
   */
  async #write(connection: Connection): Promise<boolean> {
    const frames = frame(...this.queue.slice(0, WRITE_PACKETS));
    let written = 0;
    try {
      while (written < frames.length) {
        written += await connection.write(frames.subarray(written));
        this.#waitsSince = performance.now();
      }
    } catch {
      this.#disconnect();
    }
    const packets = this.#take(Math.floor(written / FRAME_SIZE));
    this.#count("packets_forwarded", packets);
    return packets > 0;
  }

  /** Drops and counts what is queued. */
  #drop(): void {
    if (this.queue.length > 0) this.#count("packets_unforwarded_unreachable", this.#take(this.queue.length));
  }

  /** Removes this many packets, or all that are left; returns how many it removed. */
  #take(most: number): number {
    const packets = this.queue.splice(0, most).length;
    if (packets > 0) this.#waitsSince = performance.now();
    this.#onTaken(packets);
    return packets;
  }

  #disconnect(): void {
    if (this.#connection === undefined) return;
    this.#connection.close();
    this.#connection = undefined;
    this.#count("mixnode_connections_closed");
    this.#wake?.();
  }
}
