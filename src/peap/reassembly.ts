import { decodeFragment, MAX_SET_SIZE, type SetPart } from "./fragment.ts";

/** A whole message, and what its fragments came in. */
export interface Reassembled<Origin> {
  data: Uint8Array;
  origins: Origin[];
}

/**
 * A set whose first fragment is older than this many fragments is given up. So no more than this many fragments, 32 MiB,
 * are held at a time, and no longer message can be received.
 */
export const MAX_HELD_FRAGMENTS = 32_768;

/**
 * ms after which a set is given up, with those linked to it, when no fragment of them came any more: the mixnet lost one.
 * It sends none again, and delays those it has by seconds.
 */
export const MAX_SILENCE = 120_000;

/** ms between two looks for sets that fell silent */
const SILENCE_CHECK_INTERVAL = 1000;

/** The ids of the last complete sets are remembered, so that a fragment that the mixnet gave us twice starts no new set. */
const REMEMBERED_SETS = 1024;

interface HeldPart<Origin> {
  part: SetPart;
  origin: Origin;
}

interface FragmentSet<Origin> {
  id: number;
  total: number;
  /** By their place in the set, 1 to `total`. */
  parts: Map<number, HeldPart<Origin>>;
  previous: number | undefined;
  next: number | undefined;
  /** the number of the fragment that began it */
  begunAt: number;
  /** ms */
  lastArrival: number;
}

/**
 * Puts messages together from fragments (spec §7) that come in any order, more than once, or from someone who means
 * harm. What a fragment came in, its origin, is given back with the message, or released when no message needs it.
 */
export class Reassembler<Origin> {
  /** In the order in which they began. Bounded by `MAX_HELD_FRAGMENTS`. */
  readonly #sets = new Map<number, FragmentSet<Origin>>();
  /** The oldest goes first. */
  readonly #completed = new Set<number>();
  readonly #release: (origins: Origin[]) => void;
  readonly #now: () => number;
  #arrivals = 0;
  #lastSilenceCheck = 0;

  /**
   * @param release is told of fragments that belong to no message: malformed, superfluous, or of a set given up
   * @param now ms
   */
  constructor(release: (origins: Origin[]) => void, now: () => number = () => performance.now()) {
    this.#release = release;
    this.#now = now;
  }

  /** Takes a fragment; the message, if this was the last that it needed. */
  add(fragment: Uint8Array, origin: Origin): Reassembled<Origin> | undefined {
    this.#arrivals++;
    this.#giveUpOld();
    this.#giveUpSilent();
    const decoded = decodeFragment(fragment);
    if (decoded.kind === "whole") return { data: decoded.data.slice(), origins: [origin] };
    const set = decoded.kind === "part" ? this.#hold(decoded.part, origin) : undefined;
    if (!set) this.#release([origin]);
    return set && isComplete(set) ? this.#complete(set) : undefined;
  }

  /** The set that the part now is in; undefined if it fits none. */
  #hold(part: SetPart, origin: Origin): FragmentSet<Origin> | undefined {
    if (this.#completed.has(part.setId)) return undefined;
    const set = this.#sets.get(part.setId) ?? this.#begin(part);
    if (set.total !== part.total || set.parts.has(part.current)) return undefined;
    set.parts.set(part.current, { part, origin });
    if (part.current === 1) set.previous = part.link;
    if (part.current === MAX_SET_SIZE) set.next = part.link;
    for (const linked of this.#linkedWith(set)) linked.lastArrival = this.#now();
    return set;
  }

  #begin({ setId, total }: SetPart): FragmentSet<Origin> {
    const set: FragmentSet<Origin> = {
      id: setId,
      total,
      parts: new Map(),
      previous: undefined,
      next: undefined,
      begunAt: this.#arrivals,
      lastArrival: this.#now(),
    };
    this.#sets.set(setId, set);
    return set;
  }

  #complete(set: FragmentSet<Origin>): Reassembled<Origin> | undefined {
    const chain = this.#linkedWith(set);
    const hasBothEnds = chain[0]!.previous === undefined && chain.at(-1)!.next === undefined;
    if (!hasBothEnds || !chain.every(isComplete)) return undefined;
    for (const { id } of chain) {
      this.#sets.delete(id);
      this.#remember(id);
    }
    return join(chain);
  }

  /** The set with those before and after it, as far as they are there and link back to it. */
  #linkedWith(set: FragmentSet<Origin>): FragmentSet<Origin>[] {
    const chain = [set];
    for (let at = this.#before(set); at && at !== set; at = this.#before(at)) chain.unshift(at);
    for (let at = this.#after(set); at && !chain.includes(at); at = this.#after(at)) chain.push(at);
    return chain;
  }

  #before({ id, previous }: FragmentSet<Origin>): FragmentSet<Origin> | undefined {
    const set = previous === undefined ? undefined : this.#sets.get(previous);
    return set?.next === id ? set : undefined;
  }

  #after({ id, next }: FragmentSet<Origin>): FragmentSet<Origin> | undefined {
    const set = next === undefined ? undefined : this.#sets.get(next);
    return set?.previous === id ? set : undefined;
  }

  #remember(id: number): void {
    this.#completed.add(id);
    const [oldest] = this.#completed;
    if (this.#completed.size > REMEMBERED_SETS) this.#completed.delete(oldest!);
  }

  #giveUpOld(): void {
    for (const set of this.#sets.values()) {
      if (this.#arrivals - set.begunAt < MAX_HELD_FRAGMENTS) return;
      this.#giveUp(set);
    }
  }

  #giveUpSilent(): void {
    const now = this.#now();
    if (now - this.#lastSilenceCheck < SILENCE_CHECK_INTERVAL) return;
    this.#lastSilenceCheck = now;
    for (const set of this.#sets.values()) {
      if (now - set.lastArrival > MAX_SILENCE) this.#giveUp(set);
    }
  }

  #giveUp(set: FragmentSet<Origin>): void {
    this.#sets.delete(set.id);
    this.#release([...set.parts.values()].map(({ origin }) => origin));
  }
}

function isComplete({ total, parts }: FragmentSet<unknown>): boolean {
  return parts.size === total;
}

function join<Origin>(chain: FragmentSet<Origin>[]): Reassembled<Origin> {
  const held = chain.flatMap(({ parts }) => [...parts.values()].sort((a, b) => a.part.current - b.part.current));
  const data = new Uint8Array(held.reduce((size, { part }) => size + part.data.length, 0));
  let offset = 0;
  for (const { part } of held) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return { data, origins: held.map(({ origin }) => origin) };
}
