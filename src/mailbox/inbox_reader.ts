import type { Count } from "../counting/counters.ts";
import { logger } from "../logging/log.ts";
import { bytesOf, type Chunk, decodeChunk, firstOf } from "./chunk.ts";
import { firstEntries } from "./entries.ts";
import { CONFIRMED, inboxContext, inboxKey, inboxPrefix, placeOf } from "./keys.ts";
import { decodeMark } from "./mark.ts";
import type { Inbox } from "./message_store.ts";
import type { StoredMessage } from "./fresh.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { Removal } from "./removals.ts";
import type { Sealer } from "./sealing.ts";

const log = logger("nym_gateway::mailbox");

/** What a reader needs from the mailbox. */
export interface ReaderStore {
  /** the mailbox's database, read directly */
  readonly kv: Deno.Kv;
  /** opens what `kv` holds */
  readonly sealer: Sealer;
  /** counts messages_confirmed and stored_values_damaged */
  readonly count: Count;
  /** the last sequence number given so far, in any inbox */
  lastSequence(): number;
  /** all messages of an inbox up to this sequence number are on the disk, or have left it */
  diskThrough(inbox: Pseudonym): number;
  /** the first message in memory after that number; undefined if there is no such message */
  fresh(inbox: Pseudonym, after: number): StoredMessage | undefined;
  /** drops messages in memory up to that number, for good; returns how many */
  confirmFresh(inbox: Pseudonym, through: number): number;
  /** removes these from the disk with a later commit */
  remove(removals: Removal[]): void;
  /** forgets a reader; does nothing if another one has replaced it */
  closeInbox(reader: InboxReader): void;
}

/** The most chunks read from the disk at a time: 1 MiB. */
const READ_CHUNKS = 64;
/** A reader with this many unconfirmed chunks waits for confirmations before it continues. */
const MAX_UNCONFIRMED_CHUNKS = 65_536;

/** What a reader keeps of a chunk that it has handed out. */
export interface ChunkFigures {
  /** sequence number of its first message */
  readonly first: number;
  /** sequence number of its last message, which is in its key */
  readonly last: number;
  /** the number of its messages, including confirmed ones */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
}

/**
 * Reads one inbox in order: messages on the disk, and then those not written yet (fresh.ts), which may be taken in the
 * turn in which they arrive. What is handed out stays where it is until it is confirmed.
 */
export class InboxReader implements Inbox {
  /** sequence number of the last message handed out */
  #after = CONFIRMED;
  /** messages up to here are on the disk or have left it; later ones are in memory */
  #diskThrough: number;
  /** chunks on the disk that were handed out */
  #unconfirmed: ChunkFigures[] = [];
  /** messages up to here are confirmed; the database knows this if the mark is set */
  #confirmed = CONFIRMED;
  /** messages up to here have expired and left the disk */
  #expired = CONFIRMED;
  #marked = false;
  /** resolves once it may read, or is closed */
  readonly #settled = Promise.withResolvers<void>();
  /** the client does not read: messages were given back, and not asked for again */
  #resting = false;
  /** nothing is handed out until something is confirmed, which then nudges */
  #blocked = false;
  #closed = false;

  /** Reads `inbox` from its start. `nudge` is called when there may be more; it must not throw. */
  constructor(readonly inbox: Pseudonym, private readonly store: ReaderStore, readonly nudge: () => void) {
    this.#diskThrough = store.diskThrough(inbox);
  }

  /**
   * The next messages; an empty array if there are no more for now (the nudge announces more). Calls must not overlap.
   * @throws what the database throws
   */
  async next(): Promise<StoredMessage[]> {
    if (this.#isBlocked()) return [];
    this.#resting = false;
    await this.#settled.promise;
    while (this.isBehind) {
      const through = this.#diskThrough;
      const { chunks, isAll } = await this.#readDisk();
      if (this.#closed) return [];
      // A chunk just written also stays in memory until its commit is known to have succeeded.
      const written = chunks.filter(({ last }) => last <= this.#diskThrough);
      const messages = written.flatMap((chunk) => this.#handOut(chunk));
      this.#after = Math.max(this.#after, written.at(-1)?.last ?? CONFIRMED);
      if (isAll) this.#after = Math.max(this.#after, through);
      if (messages.length > 0) return messages; // otherwise all of these were damaged or confirmed
    }
    const messages: StoredMessage[] = [];
    for (let next = this.take(); next !== undefined; next = this.take()) messages.push(next);
    return messages;
  }

  /** Whether it has handed out everything on the disk, and takes new messages as they arrive. */
  get keepsUp(): boolean {
    return !this.#closed && !this.#resting && !this.#blocked && !this.isBehind;
  }

  /** Whether it keeps up, and no unconfirmed message that it has handed out is in the inbox on the disk. */
  get owesNothing(): boolean {
    return this.keepsUp && this.#unconfirmed.length === 0;
  }

  /** Whether the next message must be read from the disk. */
  get isBehind(): boolean {
    return !this.#closed && this.#after < this.#diskThrough;
  }

  /**
   * The next message in memory, without waiting; undefined if there is no such message, or while it {@linkcode
   * isBehind}.
   */
  take(): StoredMessage | undefined {
    if (this.isBehind || this.#isBlocked()) return undefined;
    const next = this.store.fresh(this.inbox, this.#after);
    if (next !== undefined) this.#after = next.sequence;
    return next;
  }

  /**
   * Lets it read: what earlier readers confirmed has left the disk (called by the mailbox). Reading sooner would hand
   * it out again.
   */
  settled(): void {
    this.#settled.resolve();
  }

  /**
   * Confirms the delivery of messages up to sequence number `through`: they leave the disk, or are never written. Has
   * no effect once the reader is closed.
   */
  confirm(through: number): void {
    if (this.#closed || through <= this.#confirmed) return;
    this.#confirmed = through;
    const count = this.#unconfirmed.findIndex(({ last }) => last > through);
    const delivered = this.#unconfirmed.splice(0, count < 0 ? this.#unconfirmed.length : count);
    const removals: Removal[] = delivered.map(({ last, messages, bytes }) => ({
      inbox: this.inbox,
      last,
      messages,
      bytes,
    }));
    const fresh = this.store.confirmFresh(this.inbox, through);
    this.store.count("messages_confirmed", delivered.reduce((sum, { messages }) => sum + messages, fresh));
    const head = this.#unconfirmed[0];
    const inPart = head !== undefined && head.first <= through;
    const mark = { inbox: this.inbox, last: CONFIRMED, messages: 0, bytes: 0 };
    if (inPart) removals.push({ ...mark, mark: through });
    else if (this.#marked) removals.push(mark);
    this.#marked = inPart;
    if (removals.length > 0) this.store.remove(removals);
    if (this.#blocked) this.nudge();
  }

  /**
   * Takes back messages after sequence number `through`, because the client does not read. {@linkcode next} repeats
   * them.
   */
  giveBack(through: number): void {
    this.#after = through;
    this.#resting = true;
    this.#unconfirmed = this.#unconfirmed.filter(({ first }) => first <= through);
  }

  /** Notes that messages up to sequence number `through` have expired and leave the disk (called by the mailbox). */
  expired(through: number): void {
    this.#expired = through;
    this.#unconfirmed = this.#unconfirmed.filter(({ last }) => last > through);
    if (this.#blocked) this.nudge();
  }

  /**
   * Notes that a chunk is on the disk (called by the mailbox). Its messages up to sequence number `confirmed` were
   * confirmed meanwhile.
   */
  landed(chunk: ChunkFigures, confirmed: number): void {
    this.#diskThrough = chunk.last;
    if (confirmed >= chunk.last) return;
    if (confirmed >= chunk.first) this.#marked = true;
    if (this.#after >= chunk.first) this.#unconfirmed.push(chunk);
  }

  /** Closes the reader: it hands out nothing more, and confirmations have no effect. Safe to repeat. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settled.resolve();
    this.store.closeInbox(this);
  }

  /** Whether it must hand out nothing. If confirmations are missing, the next one nudges. */
  #isBlocked(): boolean {
    this.#blocked = this.#unconfirmed.length >= MAX_UNCONFIRMED_CHUNKS;
    return this.#blocked || this.#closed;
  }

  /** The next chunks on the disk; `isAll` says that there are no more for now. */
  async #readDisk(): Promise<{ chunks: Chunk[]; isAll: boolean }> {
    const chunks: Chunk[] = [];
    const { kv, sealer } = this.store;
    const prefix = inboxPrefix(this.inbox);
    const start = inboxKey(this.inbox, this.#after === CONFIRMED ? CONFIRMED : this.#after + 1);
    const entries = await firstEntries(kv, { prefix, start }, READ_CHUNKS, () => this.#damaged());
    for (const { key, value } of entries) {
      const last = placeOf(key, this.store.lastSequence())?.last;
      if (last === undefined) {
        this.#damaged();
        continue;
      }
      const opened = sealer.open(value, inboxContext(this.inbox, last));
      if (last === CONFIRMED) {
        this.#confirmed = opened === undefined ? this.#damaged() ?? CONFIRMED : decodeMark(opened);
        this.#marked = true;
        continue;
      }
      const chunk = opened && decodeChunk(last, opened);
      chunks.push(chunk ?? this.#damaged() ?? { last, time: 0, messages: [] });
    }
    return { chunks, isAll: entries.length < READ_CHUNKS };
  }

  #damaged(): undefined {
    this.store.count("stored_values_damaged");
    log.error("a damaged stored value is skipped");
  }

  #handOut(chunk: Chunk): StoredMessage[] {
    const first = firstOf(chunk);
    const known = Math.max(this.#confirmed, this.#after);
    if (chunk.messages.length > 0) this.#after = chunk.last; // a damaged one's may be a number in another chunk
    if (chunk.last <= this.#expired) return [];
    // A chunk that was partly given back, or pushed before it was written, is already in the list.
    if (this.#unconfirmed.at(-1)?.last !== chunk.last) this.#unconfirmed.push(figuresOf(chunk));
    const messages = chunk.messages.map((message, i) => ({ sequence: first + i, message }));
    return messages.filter(({ sequence }) => sequence > known);
  }
}

/** The figures of a decoded chunk. */
export function figuresOf(chunk: Chunk): ChunkFigures {
  return { first: firstOf(chunk), last: chunk.last, messages: chunk.messages.length, bytes: bytesOf(chunk) };
}
