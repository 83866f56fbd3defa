import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { backoff } from "../timing/backoff.ts";
import { pause } from "../timing/pause.ts";
import { frame, FRAME_SIZE } from "./frames.ts";

/** How to connect to a mixnode; all in ms. */
export interface ConnectSettings {
  /** for one attempt */
  connectTimeout: number;
  /** the wait after the first failure; it doubles with each further failure … */
  initialBackoff: number;
  /** … up to this, after which the mixnode is given up */
  maximumBackoff: number;
  /** after which a connection that has carried nothing is closed */
  idleTime?: number;
}

/** Packets that go in one write: just under 64 KiB. */
const WRITE_PACKETS = 47;
/** ms, unless the settings say otherwise */
const IDLE_TIME = 5 * 60_000;

/**
 * The way to one mixnode: a queue (its bounds are the forwarder's, who adds to it) and the one connection that empties
 * it. It lives from its first packet until it is idle or has given the mixnode up; `run` is that life.
 */
export class MixnodeLink {
  /** packets of `PACKET_SIZE` bytes that have not been written, oldest first */
  readonly queue: Uint8Array[] = [];
  readonly #to: SocketAddress;
  readonly #settings: ConnectSettings;
  readonly #count: Count<MixnetCounterName>;
  readonly #onTaken: (packets: number) => void;
  readonly #ending = new AbortController();
  #connection: Deno.Conn | undefined;
  #wake: (() => void) | undefined;

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
    this.queue.push(packet);
    this.#wake?.();
  }

  /** Whether there is a connection to the mixnode. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether there is a connection, and nothing waits for it. */
  get isIdle(): boolean {
    return this.isConnected && this.queue.length === 0;
  }

  /** Drops the packet that came last, unless it may be on its way already; returns whether it did. */
  giveUpNewest(): boolean {
    if (this.queue.length <= WRITE_PACKETS) return false;
    this.queue.pop();
    this.#onTaken(1);
    return true;
  }

  /** Ends `run` once a live connection has taken what is queued; what has no live connection is dropped. */
  end(): void {
    this.#ending.abort();
    this.#wake?.();
  }

  /** Breaks the connection, even inside a write. */
  break(): void {
    this.end();
    this.#disconnect();
  }

  /**
   * Connects, sends, waits for more; again after a loss. It resolves with an empty queue: after `IDLE_TIME`, told to
   * end, or with what was queued dropped and counted when the mixnode has not answered for all of the backoff.
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
    if (this.queue.length > 0) {
      this.#count("packets_unforwarded_unreachable", this.queue.length);
      this.#take(this.queue.length);
    }
  }

  #delays(): Generator<number, undefined> {
    return backoff(this.#settings.initialBackoff, this.#settings.maximumBackoff);
  }

  async #connect(): Promise<boolean> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#settings.connectTimeout);
    const signal = AbortSignal.any([this.#ending.signal, late.signal]);
    try {
      this.#connection = await Deno.connect({ hostname: this.#to.host, port: this.#to.port, signal });
    } catch {
      if (!this.#ending.signal.aborted) this.#count("mixnode_connects_failed");
      return false;
    } finally {
      clearTimeout(timer);
    }
    this.#count("mixnode_connections_opened");
    return true;
  }

  /** Sends over the connection until it is lost, idle or told to end; returns whether it took a packet. */
  async #send(): Promise<boolean> {
    const connection = this.#connection!;
    // A mixnode never sends anything: a read ends only when the connection does, which a write alone notices too late.
    const reading = connection.read(new Uint8Array(1)).catch(() => null).then(() => this.#disconnect());
    let sent = false;
    while (this.#connection !== undefined) {
      if (this.queue.length > 0) sent = await this.#write(connection) || sent;
      else if (this.#ending.signal.aborted || !await this.#woken()) break;
    }
    this.#disconnect();
    await reading;
    return sent;
  }

  /** Waits for a packet, the end or a loss: false when none of them came in the idle time. */
  async #woken(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), this.#settings.idleTime ?? IDLE_TIME);
    this.#wake = () => resolve(true);
    const woken = await promise;
    this.#wake = undefined;
    clearTimeout(timer);
    return woken;
  }

  /**
   * Writes the head of the queue; returns whether at least a packet went. Packets of which a lost connection took every
   * byte are gone: the mixnode may have them or not. The others stay queued, as a part of a frame is nothing to it.
   */
  async #write(connection: Deno.Conn): Promise<boolean> {
    const frames = frame(...this.queue.slice(0, WRITE_PACKETS));
    let written = 0;
    try {
      while (written < frames.length) written += await connection.write(frames.subarray(written));
    } catch {
      this.#disconnect();
    }
    const packets = Math.floor(written / FRAME_SIZE);
    this.#count("packets_forwarded", packets);
    this.#take(packets);
    return packets > 0;
  }

  #take(packets: number): void {
    this.queue.splice(0, packets);
    this.#onTaken(packets);
  }

  #disconnect(): void {
    if (this.#connection === undefined) return;
    this.#connection.close();
    this.#connection = undefined;
    this.#count("mixnode_connections_closed");
    this.#wake?.();
  }
}
