import { FutileConnections } from "./futile.ts";
import { Holders } from "./holders.ts";
import { rangesOf, siteOf } from "./network.ts";
import { isExempt, isShared } from "./peers.ts";
import { Suspects } from "./suspects.ts";

/** The most connections at once. */
export interface PlaceLimits {
  /** of all networks together */
  readonly total: number;
  /** of one network */
  readonly perNetwork: number;
}

/** `pending`: not useful yet; `confirmed`: has been useful; `known`: a peer that places are reserved for. */
export type Standing = "pending" | "confirmed" | "known";

/** How places are divided if confirmed and known connections can be evicted too. */
export interface Shares<Holder> {
  /** the share of pending connections when all places are taken, from 0 to 1 */
  readonly pending: number;
  /** the share of known connections; the rest is for confirmed ones */
  readonly known: number;
  /** when the holder was last useful, in ms: the confirmed or known one that has been idle longest is evicted */
  readonly usefulAt: (holder: Holder) => number;
}

/** Whether there is a place; with `evict`, once `holder` has left. */
export type Room<Holder> = { kind: "yes" } | { kind: "no" } | { kind: "evict"; holder: Holder };

/**
 * Limits the number of connections. A `Holder` stands for a connection, which is pending until it is confirmed.
 *
 * When all places are taken, a connection of a standing with more than its share is evicted: pending before confirmed
 * before known. Of the pending ones, it is one whose network recently opened many without being useful
 * (FutileConnections), or else the oldest of the network with the most; of the others, the one of the network with the
 * most that has been idle longest. So a flood evicts its own connections; neither connecting, nor having been useful
 * once, nor many addresses in one network keep others out. Without `shares`, only pending connections are evicted.
 */
export class Places<Holder> {
  readonly #pending = new Holders<Holder>();
  readonly #confirmed = new Holders<Holder>();
  readonly #known = new Holders<Holder>();
  readonly #futile = new FutileConnections();
  readonly #suspects = new Suspects<Holder>();

  /**
   * `pending` limits the connections not confirmed yet. Both are called on every use, because limits can be reloaded.
   */
  constructor(
    private readonly limits: () => PlaceLimits,
    private readonly pending: () => PlaceLimits,
    private readonly shares?: Shares<Holder>,
    /** ms of any origin */
    private readonly now = () => performance.now(),
  ) {}

  /** Whether there is a place for a newcomer from that network. */
  roomFor(network: string, standing: Standing = "pending"): Room<Holder> {
    return (isExempt(network) ? undefined : this.#refusalOf(network, standing)) ?? this.#roomInAll(standing);
  }

  /** Adds a connection. Call it only if `roomFor` allows. */
  take(network: string, holder: Holder, standing: Standing = "pending"): void {
    this.#with(standing).add(network, holder);
    if (standing !== "pending" || isShared(network)) return;
    this.#suspects.add(holder, this.#futile.add(siteOf(network), this.now()));
  }

  /** Marks a connection as useful: it has logged in or delivered a valid packet, and is no longer pending. */
  confirm(network: string, holder: Holder): void {
    if (!this.#pending.delete(network, holder)) return;
    this.#suspects.delete(holder);
    this.#confirmed.add(network, holder);
    this.#futile.forgive(siteOf(network), this.now());
  }

  /** Removes a connection that has ended. */
  leave(network: string, holder: Holder): void {
    this.#suspects.delete(holder);
    void (this.#pending.delete(network, holder) || this.#confirmed.delete(network, holder) ||
      this.#known.delete(network, holder));
  }

  /** The number of connections. */
  get taken(): number {
    return this.#pending.size + this.#confirmed.size + this.#known.size;
  }

  /** The number of pending connections. */
  get pendingTaken(): number {
    return this.#pending.size;
  }

  /** The answer for a newcomer from a network at its limit; undefined if it is below. */
  #refusalOf(network: string, standing: Standing): Room<Holder> | undefined {
    const [limits, pending] = [this.limits(), this.pending()];
    for (const { range, networks } of rangesOf(network)) {
      const waiting = this.#pending.countOf(range);
      const all = waiting + this.#confirmed.countOf(range) + this.#known.countOf(range);
      if (all >= networks * limits.perNetwork) {
        return evictFrom(
          first(this.#pending.of(range)) ?? this.#longestIdle(this.#confirmed.of(range)) ??
            (standing === "known" ? this.#longestIdle(this.#known.of(range)) : undefined),
        );
      }
      if (standing === "pending" && waiting >= networks * pending.perNetwork) {
        return evictFrom(first(this.#pending.of(range)));
      }
    }
    return undefined;
  }

  #roomInAll(standing: Standing): Room<Holder> {
    const { total } = this.limits();
    if (standing === "pending" && this.#pending.size >= this.pending().total) {
      return evictFrom(this.#mostSuspect());
    }
    if (this.taken < total) return { kind: "yes" };
    const forPending = Math.ceil(total * (this.shares?.pending ?? 0));
    const forKnown = Math.floor(total * (this.shares?.known ?? 0));
    if (this.#pending.size > forPending) return evictFrom(this.#mostSuspect());
    if (this.#confirmed.size > total - forPending - forKnown) {
      return evictFrom(this.#longestIdle(this.#confirmed.ofMost()));
    }
    if (this.#known.size > forKnown) return evictFrom(this.#longestIdle(this.#known.ofMost()));
    // No standing exceeds its share, so evict one of the same standing.
    return evictFrom(standing === "pending" ? this.#mostSuspect() : this.#longestIdle(this.#with(standing).ofMost()));
  }

  #with(standing: Standing): Holders<Holder> {
    if (standing === "pending") return this.#pending;
    return standing === "confirmed" ? this.#confirmed : this.#known;
  }

  /** The pending connection that is most likely part of a flood. */
  #mostSuspect(): Holder | undefined {
    return this.#suspects.first ?? first(this.#pending.ofMost());
  }

  /** The holder that has been idle longest; undefined if there are none, or without `shares`. */
  #longestIdle(holders: Iterable<Holder>): Holder | undefined {
    if (this.shares === undefined) return undefined;
    let found: Holder | undefined;
    let earliest = Infinity;
    for (const holder of holders) {
      const usefulAt = this.shares.usefulAt(holder);
      if (usefulAt >= earliest) continue;
      earliest = usefulAt;
      found = holder;
    }
    return found;
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}

function evictFrom<T>(holder: T | undefined): Room<T> {
  return holder === undefined ? { kind: "no" } : { kind: "evict", holder };
}
