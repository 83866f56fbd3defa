import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { type ConnectSettings, MixnodeLink } from "./mixnode_link.ts";

/** Packets queued for one mixnode (1.4 MB); more are dropped. A mixnode that never reads fills only this queue. */
const QUEUE_PER_MIXNODE = 1024;
/** Packets queued for all mixnodes (22 MB); beyond that, the longest queue drops its newest packet. */
const QUEUE_IN_TOTAL = 16_384;
/** Mixnodes with a connection or a queue, to bound descriptors; beyond that, one is evicted: unreachable, idle or stalled. */
const MIXNODES = 1024;
/** ms, unless the settings say otherwise */
const STALL_TIME = 2000;
/** How long closing waits (ms) for connections, including those being opened, to take what is queued. */
const END_TIME = 2000;

/**
 * Outgoing packets: sends them to mixnodes, over one connection to each (spec §4). A connection is opened for the first
 * packet, kept while it is used, and reopened with exponential backoff as long as packets wait for it. Nothing is
 * acknowledged in the mixnet: a lost connection loses what the kernel had taken and the mixnode had not read, no more.
 */
export class Forwarder {
  readonly #settings: ConnectSettings;
  readonly #count: Count<MixnetCounterName>;
  readonly #links = new Map<string, MixnodeLink>();
  readonly #running = new Set<Promise<void>>();
  #queued = 0;
  #disposed = false;

  /** Events are counted by name through `count`. */
  constructor(settings: ConnectSettings, count: Count<MixnetCounterName>) {
    this.#settings = settings;
    this.#count = count;
  }

  /**
   * Queues `packet` (`PACKET_SIZE` bytes, kept and not copied) for the mixnode at `to`. Returns false if there is no room
   * or this is closed; the packet is then dropped and counted. Mixnodes that are unreachable or do not read never take
   * the room of others.
   */
  forward(to: SocketAddress, packet: Uint8Array): boolean {
    const link = this.#disposed ? undefined : this.#linkTo(to);
    if (link === undefined || link.queue.length >= QUEUE_PER_MIXNODE || !this.#makeRoom(link)) {
      this.#count("packets_unforwarded_no_room");
      return false;
    }
    this.#queued++;
    link.add(packet);
    return true;
  }

  /** The number of packets queued for all mixnodes. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Gives connections, including those being opened, a short time to take what is queued, drops and counts the rest, and
   * closes everything.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const link of this.#links.values()) link.end();
    await this.#allEnded();
    for (const link of this.#links.values()) link.break();
    await this.#allEnded(); // also bounded: before Deno 2.9 a blocked write outlives its closed connection
  }

  /** Whether one more packet may be queued for this mixnode, if necessary instead of one in the longest queue. */
  #makeRoom(link: MixnodeLink): boolean {
    if (this.#queued < QUEUE_IN_TOTAL) return true;
    let longest = link;
    for (const each of this.#links.values()) if (each.queue.length > longest.queue.length) longest = each;
    if (longest === link || !longest.giveUpNewest()) return this.#evictStalled(link);
    this.#count("packets_unforwarded_no_room");
    return true;
  }

  /**
   * Evicts the mixnode that has taken nothing for longest. Otherwise many that never read would keep everybody else out
   * together, though each has a short queue. Returns false if that is `spared`, or none has been stalled for long.
   */
  #evictStalled(spared?: MixnodeLink): boolean {
    let stalled: [name: string, link: MixnodeLink] | undefined;
    for (const each of this.#links) if (each[1].waitsSince < (stalled?.[1].waitsSince ?? Infinity)) stalled = each;
    if (stalled === undefined || stalled[1] === spared) return false;
    const isLong = performance.now() - stalled[1].waitsSince > (this.#settings.stallTime ?? STALL_TIME);
    if (isLong) this.#breakOff(...stalled);
    return isLong;
  }

  /** Evicts the oldest link of the larger group, those without a connection or those that are idle, or a stalled one. */
  #evict(): boolean {
    const links = [...this.#links];
    const unreached = links.filter(([, link]) => !link.isConnected);
    const idle = links.filter(([, link]) => link.isIdle);
    const [oldest] = idle.length > unreached.length ? idle : unreached;
    if (oldest === undefined) return this.#evictStalled();
    this.#breakOff(...oldest);
    return true;
  }

  #breakOff(name: string, link: MixnodeLink): void {
    this.#links.delete(name);
    link.break();
  }

  #linkTo(to: SocketAddress): MixnodeLink | undefined {
    const name = formatSocketAddress(to);
    const existing = this.#links.get(name);
    if (existing !== undefined || this.#links.size >= MIXNODES && !this.#evict()) return existing;
    const link = new MixnodeLink(to, this.#settings, this.#count, (packets) => this.#queued -= packets);
    this.#links.set(name, link);
    const running = this.#run(name, link).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return link;
  }

  async #run(name: string, link: MixnodeLink): Promise<void> {
    do await link.run(); while (link.queue.length > 0); // a packet may be added in the very turn in which it ends
    if (this.#links.get(name) === link) this.#links.delete(name);
  }

  async #allEnded(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, END_TIME);
    await Promise.race([Promise.all(this.#running), late]);
    clearTimeout(timer);
  }
}
