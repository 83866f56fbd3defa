import { decodeFragment, MAX_SET_SIZE, type SetPart } from "./fragment.ts";

/** A whole message and the origins of its fragments. */
export interface Reassembled<Origin> {
  /** the message, at most `MAX_HELD_FRAGMENTS` fragments long */
  data: Uint8Array;
  /** one for each fragment, in the order of the fragments in the message */
  origins: Origin[];
}

/**
 * A set is given up once this many fragments have arrived since its first. So no more than this many fragments, 32 MiB,
 * are held at a time, and no longer message can be received.
 */
export const MAX_HELD_FRAGMENTS = 32_768;

/**
 * ms after the last fragment of a set, or of a set linked to it, until they are given up: the mixnet has lost a
 * fragment. It delays packets by seconds and never resends one.
 */
export const MAX_SILENCE = 120_000;

/** ms between two searches for silent sets */
const SILENCE_CHECK_INTERVAL = 1000;

/** The number of completed sets whose ids are remembered, so that a duplicate fragment does not begin a new set. */
const REMEMBERED_SETS = 1024;

interface HeldPart<Origin> {
  part: SetPart;
  origin: Origin;
}

interface FragmentSet<Origin> {
  id: number;
  total: number;
  /** by position in the set, 1 to `total` */
  parts: Map<number, HeldPart<Origin>>;
  previous: number | undefined;
  next: number | undefined;
  /** value of `#arrivals` at its first fragment */
  begunAt: number;
  /** ms, as `#now` */
  lastArrival: number;
}

/**
 * Reassembles messages from fragments (spec §7), which may be reordered, duplicated or malicious. Each fragment has an
 * origin, the frame that it came in. Origins are returned with the message, or released when no message needs them.
 */
export class Reassembler<Origin> {
  /** Incomplete sets, oldest first. Bounded by `MAX_HELD_FRAGMENTS`. */
  readonly #sets = new Map<number, FragmentSet<Origin>>();
  /** Ids of completed sets, oldest first. Bounded by `REMEMBERED_SETS`. */
  readonly #completed = new Set<number>();
  readonly #release: (origins: Origin[]) => void;
  readonly #now: () => number;
  #arrivals = 0;
  #lastSilenceCheck = 0;

  /**
   * Starts without any fragments.
   *
   * @param release called with the origins of fragments that no message needs: malformed, duplicate, or of a set given
   *   up
   * @param now a clock in ms
   */
  constructor(release: (origins: Origin[]) => void, now: () => number = () => performance.now()) {
    this.#release = release;
    this.#now = now;
  }

  /** Adds a fragment; returns the message if this completes it. */
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

  /** The client is connected again. Until now, fragments waited at the gateway: that was not the mixnet's silence. */
  connected(): void {
    for (const set of this.#sets.values()) set.lastArrival = this.#now();
  }

  /** Adds the part to its set and returns the set; undefined if the part is a duplicate or contradicts its set. */
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

  /** The set with its predecessors and successors, as far as they are known and link back. */
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
