import type { SocketAddress } from "../addresses/socket_address.ts";
import type { Release } from "./held_packets.ts";

/** Packets that wait (1.4 KB each); beyond that, each new one replaces another. */
const MOST = 4096;

interface Waiting {
  readonly to: SocketAddress;
  readonly packet: Uint8Array;
  /** `begun` when it came */
  readonly since: number;
}

/** The link to the directory, as far as newcomers need it. */
export interface Looks {
  /** whether the topology lists a node at this address */
  readonly isNode: (to: SocketAddress) => boolean;
  /** the number of requests for the topology that have begun … */
  readonly begun: () => number;
  /** … and of those that have ended */
  readonly ended: () => number;
  /** Resolves when the next request may be made, or at once with false if that takes too long. */
  readonly mayLook: () => Promise<boolean>;
  /** Makes it, or joins the one under way. Resolves when it has ended, however. */
  readonly look: () => Promise<void>;
}

/**
 * Packets whose delay is over but whose next node is not in the topology: it may have joined since, so they wait for the
 * directory's next answer. Anybody can send packets to made-up addresses. When there are too many, a random one is
 * evicted, so that a flood can't reserve the room for itself: packets for a real node have the same chance as the others.
 */
export class Newcomers {
  #waiting: Waiting[] = [];
  #looking = false;

  /**
   * `release` gets the packets for nodes that turn out to be listed, `onDropped` the number of those that are dropped.
   * At most `most` wait.
   */
  constructor(
    private readonly looks: Looks,
    private readonly release: Release,
    private readonly onDropped: (packets: number) => void,
    private readonly most = MOST,
  ) {}

  /** The number of packets that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Takes a packet (kept, not copied) for a node that the topology does not list. */
  hold(to: SocketAddress, packet: Uint8Array): void {
    const waiting = { to, packet, since: this.looks.begun() };
    if (this.#waiting.length < this.most) this.#waiting.push(waiting);
    else {
      this.#waiting[Math.floor(Math.random() * this.most)] = waiting;
      this.onDropped(1);
    }
    if (!this.#looking) void this.#look();
  }

  /** Gives all of them up; returns how many there were. */
  drop(): number {
    return this.#waiting.splice(0).length;
  }

  async #look(): Promise<void> {
    const { mayLook, look, ended } = this.looks;
    this.#looking = true;
    while (this.#waiting.length > 0) {
      const isSoon = await mayLook();
      await look();
      this.#settle(isSoon ? ended() : Infinity);
    }
    this.#looking = false;
  }

  /** Settles those that came before the request number `ended` began: its answer is newer than they are. */
  #settle(ended: number): void {
    const { isNode } = this.looks;
    const all = this.#waiting;
    this.#waiting = all.filter(({ to, since }) => since >= ended && !isNode(to));
    const listed = all.filter(({ to }) => isNode(to));
    for (const { to, packet } of listed) this.release(to, packet);
    const dropped = all.length - this.#waiting.length - listed.length;
    if (dropped > 0) this.onDropped(dropped);
  }
}
