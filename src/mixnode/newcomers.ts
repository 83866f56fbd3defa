import type { SocketAddress } from "../addresses/socket_address.ts";
import type { Release } from "./held_packets.ts";

/** Packets that wait (1.4 KB each); beyond that, each new one replaces another. */
const MOST = 4096;

interface Waiting {
  readonly to: SocketAddress;
  readonly packet: Uint8Array;
  /** how many requests had begun when it came */
  readonly since: number;
}

/** What is needed of the directory and the forwarder. */
export interface NewcomersContext {
  /** whether the topology lists a node at this address */
  readonly isNode: (to: SocketAddress) => boolean;
  /** Resolves when the directory may be asked. */
  readonly mayLook: () => Promise<void>;
  /** Asks it for its topology. Resolves when it has answered, or when that has failed. */
  readonly look: () => Promise<void>;
  /** Receives the packets for nodes that turn out to be listed. */
  readonly release: Release;
  /** Called with the number of packets that are dropped, for addresses that are not listed. */
  readonly onDropped: (packets: number) => void;
}

/**
 * Packets whose delay is over but whose next node is not in the topology: it may have joined since, so they wait for the
 * directory's next answer. Anybody can send packets to made-up addresses. When there are too many, a random one is
 * evicted, so that a flood can't reserve the room for itself: packets for a real node have the same chance as the others.
 */
export class Newcomers {
  #waiting: Waiting[] = [];
  /** the requests that have begun */
  #looks = 0;
  #looking = false;

  /** `most`: the number of packets that may wait. */
  constructor(private readonly context: NewcomersContext, private readonly most = MOST) {}

  /** The number of packets that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Takes a packet (kept, not copied) for a node that the topology does not list. */
  hold(to: SocketAddress, packet: Uint8Array): void {
    const waiting = { to, packet, since: this.#looks };
    if (this.#waiting.length < this.most) this.#waiting.push(waiting);
    else {
      this.#waiting[Math.floor(Math.random() * this.most)] = waiting;
      this.context.onDropped(1);
    }
    if (!this.#looking) void this.#look();
  }

  /** Gives all of them up; returns how many there were. */
  drop(): number {
    return this.#waiting.splice(0).length;
  }

  async #look(): Promise<void> {
    const { isNode, mayLook, look, release, onDropped } = this.context;
    this.#looking = true;
    while (this.#waiting.length > 0) {
      await mayLook();
      const current = ++this.#looks;
      await look();
      const all = this.#waiting;
      this.#waiting = all.filter(({ to, since }) => since === current && !isNode(to)); // the answer may be older
      let dropped = all.length - this.#waiting.length;
      for (const { to, packet } of all) {
        if (!isNode(to)) continue;
        release(to, packet);
        dropped--;
      }
      if (dropped > 0) onDropped(dropped);
    }
    this.#looking = false;
  }
}
