import type { Count } from "../counting/counters.ts";
import { addressOf, type ClientId, clientId, clientIdToBase58 } from "./client_id.ts";
import { logger } from "../logging/log.ts";
import { ADDRESS_SIZE } from "../sphinx/constants.ts";
import { CLIENT, KvLedgerTable } from "./kv_ledger_table.ts";
import type { LedgerEntry, LedgerTable } from "./ledger_table.ts";
import { bytesOfPseudonym } from "./pseudonym.ts";
import type { Sealer } from "./sealing.ts";

const log = logger("nym_gateway::mailbox");

/**
 * An entry, sealed: the address (32) ‖ the time of registration, in ms since 1970 (8). A client that has not returned
 * since also has ‖ when it was last seen, in ms of the ledger's clock (8).
 */
const CONTEXT = new TextEncoder().encode(CLIENT);
const SEEN_AT = ADDRESS_SIZE + 8;

/** The most clients announced: 58 KB. Senders need only the gateway's own entry (spec §7), so the list may be cut. */
export const MAX_ANNOUNCED = 1000;
/** The share of `unusedRegistrationTime` after which an online client is noted as seen again. */
const NOTED_EVERY = 1 / 8;
/** The most entries written or removed in one commit. */
const AT_ONCE = 100;
/** ms for which clients that return gather, so that one commit notes many of them */
const NOTE_DELAY = 1_000;

/** How many clients may register, and how long they stay. Read on every use, so they may change. */
export interface LedgerLimits {
  /** the most clients registered at a time; Infinity for no limit */
  readonly registeredClients: number;
  /** ms of running time until a client that has not returned since it registered is removed; 0 for never */
  readonly unusedRegistrationTime: number;
}

/** The outcome of a registration; `full` if no more clients may register. */
export type Registration = "new" | "known" | "full";

/** A client that has not returned. */
interface Unused {
  /** when it registered, in ms since 1970 */
  readonly registered: number;
  /** when it was last seen, in ms of the ledger's clock, to the hour … */
  readonly seen: number;
  /** … and as it is on the disk */
  readonly noted: number;
}

/**
 * The clients that have registered here. All are in memory, because every packet asks for one, and on the disk before
 * any answer.
 *
 * Registering costs a stranger nothing, so a client that has not returned since is removed after a while, or evicted
 * when the ledger is full. It loses little: its token is derived, so a login with the token registers it again.
 */
export class Ledger implements Disposable {
  readonly #table: LedgerTable;
  readonly #sealer: Sealer;
  readonly #limits: LedgerLimits;
  /** the time at which each registered, in ms since 1970 and in that order */
  readonly #clients = new Map<ClientId, number>();
  /** those that have not returned, beginning with the one last seen longest ago */
  readonly #unused = new Map<ClientId, Unused>();
  /** those that have returned, which is not on the disk yet, with the time at which each registered */
  readonly #returned = new Map<ClientId, number>();
  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #adding = new Map<ClientId, Promise<Registration>>();
  #removing: Promise<void> = Promise.resolve();
  readonly #announced = new Map<ClientId, { pubKey: string }>();
  #snapshot: readonly { pubKey: string }[] = [];
  readonly #now: () => number;
  #openedAt: { clock: number; now: number };
  /** Whether a client is connected. Connected ones are not removed. The owner sets it; by default, no client is. */
  isOnline: (id: ClientId) => boolean = () => false;

  private constructor(table: LedgerTable, sealer: Sealer, limits: LedgerLimits, now: () => number) {
    this.#table = table;
    this.#sealer = sealer;
    this.#limits = limits;
    this.#now = now;
    this.#openedAt = { clock: 0, now: now() };
  }

  /**
   * Opens or creates the ledger's database file. `count` counts ledger_entries_damaged; `now` is in ms of any origin.
   * @throws {Error} when the file was sealed with another storage key, or cannot be opened
   */
  static async open(
    path: string,
    sealer: Sealer,
    count: Count = () => {},
    limits: LedgerLimits = { registeredClients: Infinity, unusedRegistrationTime: 0 },
    now = () => performance.now(),
  ): Promise<Ledger> {
    return await Ledger.over(await KvLedgerTable.open(path, sealer), sealer, count, limits, now);
  }

  /** Reads a ledger from its table, which it owns. Throws what the table throws. */
  static async over(
    table: LedgerTable,
    sealer: Sealer,
    count: Count,
    limits: LedgerLimits,
    now = () => performance.now(),
  ): Promise<Ledger> {
    const ledger = new Ledger(table, sealer, limits, now);
    await ledger.#load(count);
    return ledger;
  }

  /** Whether the client is registered, also on the disk. */
  has(id: ClientId): boolean {
    return this.#clients.has(id);
  }

  /** When the client registered, in ms since 1970; undefined if it has not. */
  registeredAt(id: ClientId): number | undefined {
    return this.#clients.get(id);
  }

  /** The number of registered clients. */
  get size(): number {
    return this.#clients.size;
  }

  /**
   * The ledger's clock: the running time over all runs of the gateway, in ms, so that a wrong system clock expires
   * nothing.
   */
  get clock(): number {
    return this.#openedAt.clock + this.#now() - this.#openedAt.now;
  }

  /**
   * The clients that presence announces (spec §6), at most {@linkcode MAX_ANNOUNCED}: those that registered first, so
   * that a flood of registrations cannot change the list. The same array until they change.
   */
  announced(): readonly { pubKey: string }[] {
    if (this.#announced.size < Math.min(MAX_ANNOUNCED, this.#clients.size)) {
      for (const id of this.#clients.keys()) {
        if (this.#announced.size >= MAX_ANNOUNCED) break;
        if (!this.#announced.has(id)) this.#announced.set(id, { pubKey: clientIdToBase58(id) });
      }
      this.#snapshot = [];
    }
    if (this.#snapshot.length !== this.#announced.size) this.#snapshot = [...this.#announced.values()];
    return this.#snapshot;
  }

  /** Registers a client. Resolves once it is on the disk; rejects with what the database throws. */
  add(id: ClientId): Promise<Registration> {
    return this.#add(id, false);
  }

  /**
   * Notes that the client has returned, so that it stays registered; that is written within a second, with that of
   * other clients. Registers an unknown one: resolves once that is on the disk, with false if no more clients may
   * register; rejects with what the database throws.
   */
  async establish(id: ClientId): Promise<boolean> {
    for (;;) {
      // Without a pause between these: another registration could evict the client.
      const unused = this.#unused.get(id);
      if (unused !== undefined) {
        this.#unused.delete(id);
        this.#returned.set(id, unused.registered);
        this.#noteTimer ??= setTimeout(() => {
          this.#noteReturned().catch((error) =>
            log.warn(`cannot note which clients returned, retrying later: ${error}`)
          );
        }, NOTE_DELAY);
        return true;
      }
      if (this.#clients.has(id)) return true;
      if (await this.#add(id, true) === "full") return false;
    }
  }

  /** Takes over what another gateway has written into the same table. */
  learn({ pseudonym, sealed }: LedgerEntry, isRemoved: boolean): void {
    const entry = this.#sealer.open(sealed, contextOf(pseudonym));
    if (entry === undefined) return;
    const id = clientId(entry.subarray(0, ADDRESS_SIZE));
    const registered = numberAt(entry, ADDRESS_SIZE);
    if (isRemoved) return this.isOnline(id) ? this.#keep(id, registered) : this.#forget(id);
    if (!this.#clients.has(id)) this.#clients.set(id, registered);
    this.#unused.delete(id);
    if (entry.length <= SEEN_AT) return;
    const seen = numberAt(entry, SEEN_AT);
    this.#unused.set(id, { registered, seen, noted: seen });
  }

  /** Removes clients whose time is over, and notes online ones as seen. Resolves with the number removed. Due each hour. */
  async removeUnused(): Promise<number> {
    const time = this.#limits.unusedRegistrationTime || Infinity;
    const { clock } = this;
    const isOver = (id: ClientId) => clock - (this.#unused.get(id)?.seen ?? clock) > time && !this.isOnline(id);
    const over: ClientId[] = [];
    for (const [id, { registered, noted }] of [...this.#unused]) {
      if (isOver(id)) over.push(id);
      else if (this.isOnline(id) && this.#unused.delete(id)) {
        const isDue = clock - noted > time * NOTED_EVERY;
        this.#unused.set(id, { registered, seen: clock, noted: isDue ? clock : noted });
        if (isDue) await this.#write(id, registered, clock);
      }
    }
    let removed = 0;
    for (let at = 0; at < over.length; at += AT_ONCE) {
      const some = over.slice(at, at + AT_ONCE).filter(isOver); // others have returned meanwhile
      if (some.length > 0) await this.#remove(some);
      removed += some.length;
    }
    return removed;
  }

  /** Writes the clock to the disk, and which clients have returned. Rejects with what the database throws. */
  async keepClock(): Promise<void> {
    await this.#table.keepClock(this.clock);
    await this.#noteReturned();
  }

  /** Closes the table. No registration may be in progress. Call {@linkcode keepClock} before. */
  [Symbol.dispose](): void {
    clearTimeout(this.#noteTimer);
    this.#table[Symbol.dispose]();
  }

  async #load(count: Count): Promise<void> {
    let damaged = 0;
    const onDamaged = () => {
      damaged++;
      count("ledger_entries_damaged");
    };
    this.#openedAt = { clock: await this.#table.clock(), now: this.#now() };
    const entries: { id: ClientId; at: number; seen: number | undefined }[] = [];
    for await (const { pseudonym, sealed } of this.#table.entries(onDamaged)) {
      const entry = this.#sealer.open(sealed, contextOf(pseudonym));
      if (entry === undefined) onDamaged();
      else {
        const id = clientId(entry.subarray(0, ADDRESS_SIZE));
        const seen = entry.length > SEEN_AT ? numberAt(entry, SEEN_AT) : undefined;
        entries.push({ id, at: numberAt(entry, ADDRESS_SIZE), seen });
      }
    }
    for (const { id, at } of entries.sort((a, b) => a.at - b.at)) this.#clients.set(id, at);
    // Losing the clock removes no client.
    const unused = entries.filter(({ seen }) => seen !== undefined).sort((a, b) => a.seen! - b.seen!);
    for (const { id, at, seen } of unused) {
      const noted = Math.min(seen!, this.clock);
      this.#unused.set(id, { registered: at, seen: noted, noted });
    }
    if (damaged > 0) log.error(`${damaged} of the ledger's entries are damaged: their clients have to register again`);
  }

  async #add(id: ClientId, isEstablished: boolean): Promise<Registration> {
    if (this.#clients.has(id)) return "known";
    const adding = this.#adding.get(id);
    if (adding !== undefined) return await adding === "full" ? "full" : "known";
    const writing = this.#register(id, isEstablished);
    this.#adding.set(id, writing);
    try {
      return await writing;
    } finally {
      this.#adding.delete(id);
    }
  }

  async #register(id: ClientId, isEstablished: boolean): Promise<Registration> {
    if (this.#clients.size + this.#adding.size >= this.#limits.registeredClients) {
      const longest = this.#unused.keys().find((unused) => !this.isOnline(unused));
      if (longest === undefined) return "full";
      await this.#remove([longest]);
    }
    await this.#removing; // it may be removing this client
    const [registered, seen] = [Date.now(), this.clock];
    await this.#write(id, registered, isEstablished ? undefined : seen);
    this.#clients.set(id, registered);
    if (!isEstablished) this.#unused.set(id, { registered, seen, noted: seen });
    return "new";
  }

  /** Clients that return meanwhile are registered again afterwards. */
  async #remove(ids: readonly ClientId[]): Promise<void> {
    for (const id of ids) this.#forget(id);
    const pseudonyms = ids.map((id) => bytesOfPseudonym(this.#sealer.pseudonym(id)));
    const removal = this.#removing.then(() => this.#table.remove(pseudonyms));
    this.#removing = removal.then(() => {}, () => {});
    await removal;
  }

  /** Restores a client that is connected here, which the gateway that removed it could not know. */
  #keep(id: ClientId, registered: number): void {
    const seen = this.#unused.delete(id) ? this.clock : undefined;
    this.#clients.set(id, registered);
    if (seen !== undefined) this.#unused.set(id, { registered, seen, noted: seen });
    this.#write(id, registered, seen).catch((error) => log.warn(`cannot keep a registration: ${error}`));
  }

  #forget(id: ClientId): void {
    this.#clients.delete(id);
    this.#unused.delete(id);
    if (this.#announced.delete(id)) this.#snapshot = [];
  }

  /** If it fails, the next client that returns tries again, or else the hourly {@linkcode keepClock}. */
  async #noteReturned(): Promise<void> {
    clearTimeout(this.#noteTimer);
    this.#noteTimer = undefined;
    const returned = [...this.#returned];
    for (let at = 0; at < returned.length; at += AT_ONCE) {
      const some = returned.slice(at, at + AT_ONCE);
      await this.#table.set(some.map(([id, registered]) => this.#entry(id, registered)));
      for (const [id] of some) this.#returned.delete(id);
    }
  }

  async #write(id: ClientId, registered: number, seen?: number): Promise<void> {
    await this.#table.set([this.#entry(id, registered, seen)]);
  }

  #entry(id: ClientId, registered: number, seen?: number): LedgerEntry {
    const pseudonym = bytesOfPseudonym(this.#sealer.pseudonym(id));
    const times = seen === undefined ? numbers(registered) : numbers(registered, seen);
    const entry = new Uint8Array([...addressOf(id), ...times]);
    return { pseudonym, sealed: this.#sealer.seal(entry, contextOf(pseudonym)) };
  }
}

/**
 * An entry for a ledger whose clock shows `to` when the old one's shows `from`, in ms; undefined if it is damaged. Only
 * clients that have not returned have a time by that clock: others stay sealed as they are.
 */
export function movedEntry(
  { pseudonym, sealed }: LedgerEntry,
  sealer: Sealer,
  from: number,
  to: number,
): LedgerEntry | undefined {
  const entry = sealer.open(sealed, contextOf(pseudonym));
  if (entry === undefined || entry.length <= SEEN_AT) return entry && { pseudonym, sealed };
  const seen = numberAt(entry, SEEN_AT) - from + to;
  const moved = new Uint8Array([...entry.subarray(0, SEEN_AT), ...numbers(seen)]);
  return { pseudonym, sealed: sealer.seal(moved, contextOf(pseudonym)) };
}

function numbers(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => view.setFloat64(8 * i, value));
  return new Uint8Array(view.buffer);
}

function numberAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(at);
}

function contextOf(pseudonym: Uint8Array): Uint8Array {
  return new Uint8Array([...CONTEXT, ...pseudonym]);
}
