import { Holders } from "./holders.ts";
import { rangesOf } from "./network.ts";
import { isExempt } from "./peers.ts";

/** How many connections there may be at once: in all, and of one network. */
export interface PlaceLimits {
  readonly total: number;
  readonly perNetwork: number;
}

/** `pending`: of no use yet; `confirmed`: it has been of use; `known`: one that the places are there for. */
export type Standing = "pending" | "confirmed" | "known";

/** How places are shared out where more than pending ones can be evicted. */
export interface Shares<Holder> {
  /** the part of all places that pending ones have when all are taken … */
  readonly pending: number;
  /** … and the part that the known have; the rest is for the confirmed */
  readonly known: number;
  /** when the holder was last of use, in ms: the confirmed or known one that has been quiet longest is evicted */
  readonly usefulAt: (holder: Holder) => number;
}

/** Whether there is a place; `evict`: once `holder` has left. */
export type Room<Holder> = { kind: "yes" } | { kind: "no" } | { kind: "evict"; holder: Holder };

/**
 * The places that connections take, and who takes them. `Holder` stands for a connection; it is pending until it is
 * confirmed.
 *
 * When all places are taken, a standing that has more than its share gives one up: pending before confirmed before known.
 * Of that standing, the network that holds most loses its oldest pending one, or the one that has been quiet longest. So
 * a flood evicts its like: neither connecting, nor having been of use once, nor many addresses in one network keep others
 * out. Without `shares` only pending ones are evicted.
 */
export class Places<Holder> {
  readonly #pending = new Holders<Holder>();
  readonly #confirmed = new Holders<Holder>();
  readonly #known = new Holders<Holder>();

  /** `pending` bounds those that are not confirmed yet. Both are asked for when they are needed, as they may change. */
  constructor(
    private readonly limits: () => PlaceLimits,
    private readonly pending: () => PlaceLimits,
    private readonly shares?: Shares<Holder>,
  ) {}

  /** Whether there is room for one more of that network. */
  roomFor(network: string, standing: Standing = "pending"): Room<Holder> {
    return (isExempt(network) ? undefined : this.#refusalOf(network, standing)) ?? this.#roomInAll(standing);
  }

  take(network: string, holder: Holder, standing: Standing = "pending"): void {
    this.#with(standing).add(network, holder);
  }

  /** The holder is of use: it has logged in, or sent a good packet. It is pending no longer. */
  confirm(network: string, holder: Holder): void {
    if (this.#pending.delete(network, holder)) this.#confirmed.add(network, holder);
  }

  leave(network: string, holder: Holder): void {
    void (this.#pending.delete(network, holder) || this.#confirmed.delete(network, holder) ||
      this.#known.delete(network, holder));
  }

  get taken(): number {
    return this.#pending.size + this.#confirmed.size + this.#known.size;
  }

  get pendingTaken(): number {
    return this.#pending.size;
  }

  /** How one more of the network gets in when it has all that it may have; undefined when it has not. */
  #refusalOf(network: string, standing: Standing): Room<Holder> | undefined {
    const [limits, pending] = [this.limits(), this.pending()];
    for (const { range, networks } of rangesOf(network)) {
      const waiting = this.#pending.countOf(range);
      const all = waiting + this.#confirmed.countOf(range) + this.#known.countOf(range);
      if (all >= networks * limits.perNetwork) {
        return evictFrom(
          first(this.#pending.of(range)) ?? this.#quietest(this.#confirmed.of(range)) ??
            (standing === "known" ? this.#quietest(this.#known.of(range)) : undefined),
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
      return evictFrom(first(this.#pending.ofMost()));
    }
    if (this.taken < total) return { kind: "yes" };
    const forPending = Math.ceil(total * (this.shares?.pending ?? 0));
    const forKnown = Math.floor(total * (this.shares?.known ?? 0));
    if (this.#pending.size > forPending) return evictFrom(first(this.#pending.ofMost()));
    if (this.#confirmed.size > total - forPending - forKnown) {
      return evictFrom(this.#quietest(this.#confirmed.ofMost()));
    }
    if (this.#known.size > forKnown) return evictFrom(this.#quietest(this.#known.ofMost()));
    // Each has its share, so one's own gives way.
    const own = this.#with(standing).ofMost();
    return evictFrom(standing === "pending" ? first(own) : this.#quietest(own));
  }

  #with(standing: Standing): Holders<Holder> {
    if (standing === "pending") return this.#pending;
    return standing === "confirmed" ? this.#confirmed : this.#known;
  }

  /** The one of them that has been quiet longest; undefined when there is none, or nobody is to go for being quiet. */
  #quietest(holders: Iterable<Holder>): Holder | undefined {
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
