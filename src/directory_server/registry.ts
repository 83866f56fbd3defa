import { parseSocketAddress } from "../addresses/socket_address.ts";
import { networkOf, rangesOf } from "../limits/network.ts";
import { LAYERS } from "../protocol/layers.ts";
import { plural } from "../text/plural.ts";
import type { Announcement, Fields, Kind, Refusal } from "./announcement.ts";

/** A node leaves the topology after this long without an announcement, in ms (spec §6). */
export const EXPIRY = 10_000;
/**
 * What was listed before a restart stays listed for this long (ms) without an announcement: nodes that found the
 * directory down retry within 30 s.
 */
export const RETURN_TIME = 40_000;
/** The most keys that the operator can decide on. */
const MAX_DECISIONS = 10_000;
/** The most nodes whose changes are not written yet. Each is at most 2 KB, and a commit takes them all. */
const MAX_UNWRITTEN = 256;

/** Limits on what is listed. */
export interface RegistryRules {
  /** whether nodes that prove nothing are listed without the operator's word */
  readonly open: boolean;
  /** the most mixnodes */
  readonly mixnodes: number;
  /** the most gateways */
  readonly gateways: number;
  /** the most nodes that announce themselves from one network (limits/network.ts) */
  readonly nodesPerNetwork: number;
  /** the most bytes of all gateways' clients, as text */
  readonly clientsBytes: number;
}

/** What the operator has decided about a key; it overrides what the node says. */
export interface Decision {
  /** whether it is listed although it proves nothing, or not even if it does */
  readonly standing?: "allowed" | "disallowed";
  /** a mixnode's layer */
  readonly layer?: number;
}

/** A node's entry. */
export interface Entry extends Announcement {
  /** whether the node has proven that it has its key */
  readonly isProven: boolean;
  /** ms since 1970 since when it has been listed without a break */
  readonly since: number;
  /** ms since 1970 of its latest announcement */
  readonly seenAt: number;
}

/** What is kept over a restart. */
export interface Saved {
  /** the nodes listed, those that came first before the others */
  readonly entries: readonly Entry[];
  /** what the operator has decided, by key */
  readonly decisions: ReadonlyMap<string, Decision>;
}

/** What a store has to write. */
export interface Changes {
  /** keys of nodes that are no longer listed */
  readonly ends: readonly string[];
  /** those that have come, or changed */
  readonly entries: readonly Entry[];
  /** what the operator has decided; undefined if that is taken back */
  readonly decisions: readonly (readonly [key: string, decision: Decision | undefined])[];
}

/** Who announces a node. */
export interface Announcer {
  /** whether it has proven that it has the node's key */
  readonly isProven: boolean;
  /** where the announcement came from, for the limit on nodes of a network; undefined if that is exempt */
  readonly network: string | undefined;
}

interface Listed extends Entry {
  /** ms since 1970 of the first moment at which it is no longer listed */
  readonly until: number;
  readonly network: string | undefined;
  /** a gateway's clients, as the text of a JSON array */
  readonly clients: string;
}

const NO_CLIENTS = "[]";
/** The rank of a node that the operator allows. */
const ALLOWED = 2;

/**
 * The nodes of a network, as they announce themselves, and what the operator has decided about them. Pure: time is a
 * parameter, in ms since 1970, and nothing is written here.
 *
 * A node that proves its key is believed. The announcement of one that does not can keep an entry as it is, but never
 * change one that is listed: anyone could have sent it. Of two nodes with one address, the one that came first stays,
 * unless only the other one has proven its key.
 */
export class Registry {
  readonly #entries = new Map<string, Listed>();
  /** whose address each is */
  readonly #addresses = new Map<string, string>();
  /** the number of nodes that announce themselves from each network, and from each site */
  readonly #networks = new Map<string, number>();
  /** the number of addresses that are listed in each network */
  readonly #listedIn = new Map<string, number>();
  readonly #counts: Record<Kind, number> = { mixnodes: 0, gateways: 0 };
  /** those that neither prove their key nor are allowed */
  readonly #plain: Record<Kind, number> = { mixnodes: 0, gateways: 0 };
  readonly #decisions: Map<string, Decision>;
  #clientsBytes = 0;
  /** no entry expires before this */
  #nextExpiry = Infinity;
  /** the time of the latest call */
  #latest: number;
  #version = 0;
  /** keys of entries that are not written yet, and of those whose end is not */
  readonly #unwritten = new Set<string>();
  readonly #unwrittenEnds = new Set<string>();
  readonly #unwrittenDecisions = new Set<string>();

  /** `rules` is called on every use, because they can be reloaded. What was `saved` is listed until nodes had time to return. */
  constructor(private readonly rules: () => RegistryRules, saved: Saved, now: number) {
    this.#decisions = new Map(saved.decisions);
    this.#latest = now;
    for (const entry of saved.entries) {
      if (entry.addresses.some((address) => this.#addresses.has(address))) continue;
      this.#put({ ...entry, until: now + RETURN_TIME, network: undefined, clients: NO_CLIENTS });
    }
  }

  /** A number that changes with everything that is listed, except when nodes were last seen. */
  versionAt(now: number): number {
    this.#expire(now);
    return this.#version;
  }

  /** Whether a node with an IP address in this network is listed. */
  hasNodeIn(network: string): boolean {
    return this.#listedIn.has(network);
  }

  /** The number of nodes listed. */
  count(kind: Kind): number {
    return this.#counts[kind];
  }

  /** How many nodes are listed, as in `3 mixnodes, 1 gateway`. */
  get summary(): string {
    return `${plural(this.#counts.mixnodes, "mixnode")}, ${plural(this.#counts.gateways, "gateway")}`;
  }

  /** The layers that clients' packets pass through and that have no mixnode. */
  emptyLayers(now: number): number[] {
    const layers = new Set(this.entries(now).map(({ fields }) => fields.layer));
    return Array.from({ length: LAYERS }, (_, i) => i + 1).filter((layer) => !layers.has(layer));
  }

  /** The nodes that have announced themselves recently enough, with the layers that the operator has assigned. */
  entries(now: number): (Entry & { readonly clients: string })[] {
    this.#expire(now);
    return [...this.#entries.values()].map((entry) => {
      const layer = this.#decisions.get(entry.key)?.layer;
      return layer === undefined || entry.kind !== "mixnodes"
        ? entry
        : { ...entry, fields: { ...entry.fields, layer } };
    });
  }

  /**
   * Lists a node, or keeps it listed. `clients`: a gateway's, as the text of a JSON array; left out if there is no room
   * for them. `mayJoin` is asked about a node that is neither listed nor allowed, once nothing else keeps it out. Returns
   * undefined if the node is listed: on the disk once its key is no longer `isUnwritten`.
   */
  announce(
    node: Announcement,
    clients: string,
    { isProven, network }: Announcer,
    now: number,
    mayJoin: () => boolean = () => true,
  ): Refusal | undefined {
    this.#expire(now);
    const before = this.#entries.get(node.key);
    const refusal = this.#refusalOf(node, isProven, before);
    if (refusal !== undefined) return refusal;
    const rank = this.#addressRank(node.key, isProven);
    const holders = new Set(node.addresses.map((address) => this.#addresses.get(address)));
    holders.delete(node.key);
    holders.delete(undefined);
    for (const holder of holders) {
      if (this.#addressRank(holder!, this.#entries.get(holder!)!.isProven) < rank) continue;
      return { status: 409, reason: "another node is listed with the same address" };
    }
    const placeRank = this.#placeRank(node.key, isProven);
    const isAllowed = placeRank === ALLOWED; // others of its network can't keep it out
    if (!isAllowed && (before === undefined || before.network !== network) && this.#isFull(network)) {
      return { status: 429, reason: "too many nodes announce themselves from this network" };
    }
    const isChanged = before === undefined || before.isProven !== isProven || !isSame(before.fields, node.fields);
    if (isChanged && this.#unwritten.size >= MAX_UNWRITTEN) return { status: 503, reason: "the directory is busy" };
    if (before === undefined) {
      const place = this.#placeFor(node.kind, placeRank, holders);
      if (place === undefined) return { status: 503, reason: "the directory is full" };
      if (!isAllowed && !mayJoin()) return { status: 429, reason: "too many new nodes from this network" };
      if (place !== "free") this.#remove(place.key);
    }
    for (const holder of holders) this.#remove(holder!);
    if (before !== undefined) this.#drop(before);
    const isRoom = this.#clientsBytes + clients.length <= this.rules().clientsBytes;
    this.#put({
      ...node,
      isProven,
      network,
      clients: isRoom ? clients : NO_CLIENTS,
      since: before?.since ?? now,
      seenAt: now,
      until: now + EXPIRY + 1,
    });
    if (isChanged) {
      this.#unwritten.add(node.key);
      this.#unwrittenEnds.delete(node.key);
    }
    if (isChanged || before.clients !== clients) this.#version++;
    return undefined;
  }

  /** What the operator has decided, by key. */
  get decisions(): ReadonlyMap<string, Decision> {
    return this.#decisions;
  }

  /**
   * Adds what the operator has decided about a key to earlier decisions; a layer of 0 takes back the layer, and undefined
   * takes back everything. Returns false if there are too many.
   */
  decide(key: string, decision: Decision | undefined): boolean {
    const { standing, layer }: Decision = decision === undefined ? {} : { ...this.#decisions.get(key), ...decision };
    const isNothing = standing === undefined && !layer;
    if (!isNothing && !this.#decisions.has(key) && this.#decisions.size >= MAX_DECISIONS) return false;
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#drop(entry); // it is counted by its rank
    if (isNothing) this.#decisions.delete(key);
    else this.#decisions.set(key, { ...standing && { standing }, ...layer && { layer } });
    if (entry !== undefined) this.#put(entry);
    this.#unwrittenDecisions.add(key);
    if (decision?.standing === "disallowed") this.#remove(key);
    this.#version++;
    return true;
  }

  /** Whether anything is not written yet. */
  get hasChanges(): boolean {
    return this.#unwritten.size + this.#unwrittenEnds.size + this.#unwrittenDecisions.size > 0;
  }

  /** Whether what is known of this key is not written yet. */
  isUnwritten(key: string): boolean {
    return this.#unwritten.has(key) || this.#unwrittenEnds.has(key) || this.#unwrittenDecisions.has(key);
  }

  /** What is not written yet. */
  changes(): Changes {
    return {
      ends: [...this.#unwrittenEnds],
      entries: [...this.#unwritten].map((key) => this.#entries.get(key)!),
      decisions: [...this.#unwrittenDecisions].map((key) => [key, this.#decisions.get(key)]),
    };
  }

  /** Those changes are on the disk; what has changed again since then still has to be written. */
  written({ ends, entries, decisions }: Changes): void {
    for (const key of ends) this.#unwrittenEnds.delete(key);
    for (const { key, isProven, fields } of entries) {
      const now = this.#entries.get(key);
      if (now === undefined) continue; // its end is to be written
      if (now.isProven === isProven && isSame(now.fields, fields)) this.#unwritten.delete(key);
    }
    for (const [key, decision] of decisions) {
      if (this.#decisions.get(key) === decision) this.#unwrittenDecisions.delete(key);
    }
  }

  /** Why this announcement can't be for this key, whatever else is listed. */
  #refusalOf({ kind, key, fields }: Announcement, isProven: boolean, before: Listed | undefined): Refusal | undefined {
    const { standing, layer } = this.#decisions.get(key) ?? {};
    const isTrusted = standing === "allowed" || this.rules().open;
    if (standing === "disallowed") return { status: 403, reason: "the directory's operator has disallowed this key" };
    if (!isProven && !isTrusted) {
      const reason = "nodes must prove their key here, unless the directory's operator allows it";
      return { status: 401, reason };
    }
    // Clients of 0.7.0 send through all layers that there are, and not at all if one is missing.
    if (!isTrusted && layer === undefined && fields.layer !== undefined && fields.layer > LAYERS) {
      return { status: 403, reason: `only the directory's operator puts mixnodes into layers above ${LAYERS}` };
    }
    if (before === undefined) return undefined;
    if (before.kind !== kind) return { status: 409, reason: `this key is listed among the ${before.kind}` };
    if (isProven) return undefined;
    if (before.isProven) return { status: 401, reason: "the node with this key proves it" };
    if (isSame(before.fields, fields)) return undefined;
    const reason = `this key is listed with other details, which stay until it has been silent for ${EXPIRY / 1000} s`;
    return { status: 409, reason };
  }

  /**
   * A place for one more: a free one, or that of the newest of those that rank lowest; undefined if there is none.
   * `leaving`: those that leave anyway.
   */
  #placeFor(kind: Kind, rank: number, leaving: ReadonlySet<string | undefined>): Listed | "free" | undefined {
    if (this.#counts[kind] < this.rules()[kind]) return "free";
    const isOutranking = rank > 1 || rank === 1 && this.#plain[kind] > 0;
    if (!isOutranking && leaving.size === 0) return undefined; // at once, whatever a flood sends
    let found: Listed | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.kind !== kind) continue;
      if (leaving.has(entry.key)) return "free";
      const difference = this.#placeRank(entry.key, entry.isProven) -
        (found === undefined ? rank : this.#placeRank(found.key, found.isProven));
      if (difference < 0 || difference === 0 && found !== undefined && entry.since >= found.since) found = entry;
    }
    return found;
  }

  /** Of those with one address: who proves nothing ranks lowest, as anyone could say the same; an allowed proof, highest. */
  #addressRank(key: string, isProven: boolean): number {
    return isProven ? this.#placeRank(key, isProven) : 0;
  }

  /** When there are too many: whom the operator allows ranks highest. There are only so many of them, whoever posts. */
  #placeRank(key: string, isProven: boolean): number {
    return this.#decisions.get(key)?.standing === "allowed" ? ALLOWED : isProven ? 1 : 0;
  }

  #expire(now: number): void {
    if (now < this.#latest) this.#setBack(this.#latest - now);
    this.#latest = now;
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Infinity;
    for (const { key, until } of this.#entries.values()) {
      if (until <= now) this.#remove(key);
      else this.#nextExpiry = Math.min(this.#nextExpiry, until);
    }
  }

  /** The clock was set back by that many ms: nodes that are silent leave when they would have left. */
  #setBack(ms: number): void {
    for (const [key, entry] of this.#entries) this.#entries.set(key, { ...entry, until: entry.until - ms });
    this.#nextExpiry -= ms;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#drop(entry);
    this.#unwritten.delete(key);
    this.#unwrittenEnds.add(key);
    this.#version++;
  }

  #put(entry: Listed): void {
    this.#entries.set(entry.key, entry);
    for (const address of entry.addresses) {
      this.#addresses.set(address, entry.key);
      addTo(this.#listedIn, networkAt(address), 1);
    }
    this.#counts[entry.kind]++;
    if (this.#placeRank(entry.key, entry.isProven) === 0) this.#plain[entry.kind]++;
    this.#clientsBytes += entry.clients.length;
    this.#nextExpiry = Math.min(this.#nextExpiry, entry.until);
    this.#countIn(entry.network, 1);
  }

  #drop(entry: Listed): void {
    this.#entries.delete(entry.key);
    for (const address of entry.addresses) {
      this.#addresses.delete(address);
      addTo(this.#listedIn, networkAt(address), -1);
    }
    this.#counts[entry.kind]--;
    if (this.#placeRank(entry.key, entry.isProven) === 0) this.#plain[entry.kind]--;
    this.#clientsBytes -= entry.clients.length;
    this.#countIn(entry.network, -1);
  }

  #isFull(network: string | undefined): boolean {
    const ranges = network === undefined ? [] : rangesOf(network);
    return ranges.some(({ range, networks }) =>
      (this.#networks.get(range) ?? 0) >= networks * this.rules().nodesPerNetwork
    );
  }

  #countIn(network: string | undefined, difference: number): void {
    for (const { range } of network === undefined ? [] : rangesOf(network)) addTo(this.#networks, range, difference);
  }
}

function addTo(counts: Map<string, number>, key: string | undefined, difference: number): void {
  if (key === undefined) return;
  const count = (counts.get(key) ?? 0) + difference;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** The network of an `ip:port`; undefined for a name or a URL. */
function networkAt(address: string): string | undefined {
  const host = parseSocketAddress(address)?.host;
  return host === undefined ? undefined : networkOf(host);
}

function isSame(a: Fields, b: Fields): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
