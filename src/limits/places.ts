import { isExempt } from "./peers.ts";

/** How many connections there may be at once: in all, and of one network. */
export interface PlaceLimits {
  readonly total: number;
  readonly perNetwork: number;
}

/**
 * The places that connections take, and who takes them. `Holder` stands for a connection; it is pending until it is
 * confirmed. When there is no place left for a newcomer, the oldest pending connection of the network that has most of
 * them is evicted. So connections that do nothing evict each other, and never one that is of use.
 */
export class Places<Holder> {
  readonly #held = new Map<string, Set<Holder>>();
  /** oldest first; no network without one is in here */
  readonly #pendingOf = new Map<string, Set<Holder>>();
  #taken = 0;
  #pendingTaken = 0;

  /** `pending` bounds those that are not confirmed yet. Both are asked for when they are needed, as they may change. */
  constructor(private readonly limits: () => PlaceLimits, private readonly pending: () => PlaceLimits) {}

  /** Whether there is room for a newcomer of that network; `evict`: once `holder` has left. */
  roomFor(network: string): { kind: "yes" } | { kind: "no" } | { kind: "evict"; holder: Holder } {
    const [limits, pending] = [this.limits(), this.pending()];
    const own = this.#pendingOf.get(network);
    if (!isExempt(network)) {
      const isFull = (this.#held.get(network)?.size ?? 0) >= limits.perNetwork;
      if (isFull || (own?.size ?? 0) >= pending.perNetwork) return evictFrom(own);
    }
    const isFull = this.#taken >= limits.total || this.#pendingTaken >= pending.total;
    return isFull ? evictFrom(this.#mostPending()) : { kind: "yes" };
  }

  take(network: string, holder: Holder): void {
    add(this.#held, network, holder);
    add(this.#pendingOf, network, holder);
    this.#taken++;
    this.#pendingTaken++;
  }

  /** The holder is of use: it has logged in, or sent a packet. It is pending no longer. */
  confirm(network: string, holder: Holder): void {
    if (remove(this.#pendingOf, network, holder)) this.#pendingTaken--;
  }

  leave(network: string, holder: Holder): void {
    this.confirm(network, holder);
    if (remove(this.#held, network, holder)) this.#taken--;
  }

  get taken(): number {
    return this.#taken;
  }

  get pendingTaken(): number {
    return this.#pendingTaken;
  }

  #mostPending(): Set<Holder> | undefined {
    let most: Set<Holder> | undefined;
    for (const holders of this.#pendingOf.values()) if (holders.size > (most?.size ?? 0)) most = holders;
    return most;
  }
}

function evictFrom<T>(pending: Set<T> | undefined): { kind: "no" } | { kind: "evict"; holder: T } {
  return pending === undefined ? { kind: "no" } : { kind: "evict", holder: pending.values().next().value! };
}

function add<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function remove<T>(sets: Map<string, Set<T>>, key: string, value: T): boolean {
  const set = sets.get(key);
  if (set === undefined || !set.delete(value)) return false;
  if (set.size === 0) sets.delete(key);
  return true;
}
