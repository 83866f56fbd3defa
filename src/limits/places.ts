import { isExempt } from "./peers.ts";

/** How many connections there may be at once: in all, and of one network. */
export interface PlaceLimits {
  readonly total: number;
  readonly perNetwork: number;
}

/**
 * The places that connections take, and who takes them. `Holder` stands for a connection; it is one that has proven
 * nothing yet until it is confirmed. When there is no place left for a newcomer, the oldest unproven one of the network
 * that has most of these goes: who only connects drives out its like, and not those who came to do something.
 */
export class Places<Holder> {
  readonly #held = new Map<string, Set<Holder>>();
  /** oldest first; no network without one is in here */
  readonly #unprovenOf = new Map<string, Set<Holder>>();
  #taken = 0;
  #unprovenTaken = 0;

  /** `unproven` bounds those that have proven nothing. */
  constructor(private readonly limits: PlaceLimits, private readonly unproven: PlaceLimits) {}

  /** Whether there is room for a newcomer of that network; `drive out`: once `holder` has left. */
  roomFor(network: string): { kind: "yes" } | { kind: "no" } | { kind: "drive out"; holder: Holder } {
    const own = this.#unprovenOf.get(network);
    if (!isExempt(network)) {
      const isFull = (this.#held.get(network)?.size ?? 0) >= this.limits.perNetwork;
      if (isFull || (own?.size ?? 0) >= this.unproven.perNetwork) return inPlaceOf(own);
    }
    const isFull = this.#taken >= this.limits.total || this.#unprovenTaken >= this.unproven.total;
    return isFull ? inPlaceOf(this.#mostUnproven()) : { kind: "yes" };
  }

  take(network: string, holder: Holder): void {
    add(this.#held, network, holder);
    add(this.#unprovenOf, network, holder);
    this.#taken++;
    this.#unprovenTaken++;
  }

  /** The holder has proven that it is of use. */
  confirm(network: string, holder: Holder): void {
    if (remove(this.#unprovenOf, network, holder)) this.#unprovenTaken--;
  }

  leave(network: string, holder: Holder): void {
    this.confirm(network, holder);
    if (remove(this.#held, network, holder)) this.#taken--;
  }

  get taken(): number {
    return this.#taken;
  }

  get unprovenTaken(): number {
    return this.#unprovenTaken;
  }

  #mostUnproven(): Set<Holder> | undefined {
    let most: Set<Holder> | undefined;
    for (const holders of this.#unprovenOf.values()) if (holders.size > (most?.size ?? 0)) most = holders;
    return most;
  }
}

function inPlaceOf<T>(unproven: Set<T> | undefined): { kind: "no" } | { kind: "drive out"; holder: T } {
  return unproven === undefined ? { kind: "no" } : { kind: "drive out", holder: unproven.values().next().value! };
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
