import type { Count } from "../counting/counters.ts";
import { logger } from "../logging/log.ts";
import { bytesOf, type Chunk, decodeChunk, firstOf } from "./chunk.ts";
import { firstEntries } from "./entries.ts";
import { CONFIRMED, inboxContext, inboxKey, inboxPrefix, placeOf } from "./keys.ts";
import { decodeMark } from "./mark.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { Removal } from "./removals.ts";
import type { Sealer } from "./sealing.ts";

const log = logger("nym_gateway::mailbox");

/** What a reader needs of the mailbox. */
export interface ReaderStore {
  readonly kv: Deno.Kv;
  readonly sealer: Sealer;
  readonly count: Count;
  /** the last sequence number given so far */
  lastSequence(): number;
  remove(removals: Removal[]): void;
  closeInbox(reader: InboxReader): void;
}

/** A stored message with its sequence number. */
export interface StoredMessage {
  readonly sequence: number;
  readonly message: Uint8Array;
}

/** Chunks that one read takes from disk: at most 1 MiB. */
const READ_CHUNKS = 64;
/** Fresh messages that wait in memory for one reader, at most 1 MB; what is beyond it is read from disk again. */
const MAX_TAIL = 1024;
/** Chunks handed out and not confirmed; with that many a reader waits for confirmations before it reads on. */
const MAX_UNCONFIRMED_CHUNKS = 65_536;

/**
 * Reads one inbox, in order, from the disk and then from the tail: what was stored since the reader came stays in
 * memory until it is read, within a bound. What is handed out stays on disk until it is confirmed.
 */
export class InboxReader {
  /** sequence number of the last message handed out */
  #after = CONFIRMED;
  /** everything stored after this sequence number is in the tail */
  #tailSince: number;
  #tail: Chunk[] = [];
  #tailCount = 0;
  #unconfirmed: { first: number; last: number; messages: number; bytes: number }[] = [];
  /** messages up to here are confirmed, as the database knows when the mark is set */
  #confirmed = CONFIRMED;
  /** messages up to here have left the disk, as their time was over */
  #expired = CONFIRMED;
  /** messages up to here were pushed, though others of their chunk were given back */
  #pushed = CONFIRMED;
  #marked = false;
  /** resolves once it may read, or is closed */
  readonly #settled = Promise.withResolvers<void>();
  /** it will read on, by a nudge of its own, when something is confirmed */
  #blocked = false;
  /** nothing is kept in the tail, as the client does not read */
  #resting = false;
  #closed = false;

  constructor(readonly inbox: Pseudonym, private readonly store: ReaderStore, readonly nudge: () => void) {
    this.#tailSince = store.lastSequence();
  }

  /**
   * The next messages, none when there are no more for now (the nudge comes with more). Calls must not overlap.
   * @throws what the database throws
   */
  async next(): Promise<StoredMessage[]> {
    if (this.#closed) return [];
    this.#resting = false;
    this.#blocked = this.#unconfirmed.length >= MAX_UNCONFIRMED_CHUNKS;
    if (this.#blocked) return [];
    await this.#settled.promise;
    while (!this.#closed) {
      const chunks = this.#after >= this.#tailSince ? this.#takeTail() : await this.#readDisk();
      if (this.#closed || chunks.length === 0) return [];
      const messages = chunks.flatMap((chunk) => this.#handOut(chunk));
      if (messages.length > 0) return messages; // else all of these were damaged or confirmed
    }
    return [];
  }

  /**
   * What was confirmed to readers before it has left the disk (called by the mailbox): reading sooner would bring it back.
   */
  settled(): void {
    this.#settled.resolve();
  }

  /** Messages up to sequence number `through` have arrived: they leave the disk. Void once the reader is closed. */
  confirm(through: number): void {
    if (this.#closed || through <= this.#confirmed) return;
    this.#confirmed = through;
    const count = this.#unconfirmed.findIndex(({ last }) => last > through);
    const arrived = this.#unconfirmed.splice(0, count < 0 ? this.#unconfirmed.length : count);
    const removals: Removal[] = arrived.map(({ last, messages, bytes }) => ({
      inbox: this.inbox,
      last,
      messages,
      bytes,
    }));
    this.store.count("messages_confirmed", arrived.reduce((sum, { messages }) => sum + messages, 0));
    const head = this.#unconfirmed[0];
    const inPart = head !== undefined && head.first <= through;
    const mark = { inbox: this.inbox, last: CONFIRMED, messages: 0, bytes: 0 };
    if (inPart) removals.push({ ...mark, mark: through });
    else if (this.#marked) removals.push(mark);
    this.#marked = inPart;
    this.store.remove(removals);
    if (this.#blocked) this.nudge();
  }

  /**
   * What was handed out after sequence number `through` was not pushed, as the client does not read: nothing of it stays
   * in memory, nor what comes from now on. All of it is read from the disk when it is asked for again.
   */
  giveBack(through: number): void {
    this.#after = this.#pushed = through;
    this.#unconfirmed = this.#unconfirmed.filter(({ first }) => first <= through);
    this.#dropTail(this.store.lastSequence());
    this.#resting = true;
  }

  /** The time of messages up to sequence number `through` is over: they leave the disk (called by the mailbox). */
  expired(through: number): void {
    this.#expired = through;
    this.#unconfirmed = this.#unconfirmed.filter(({ last }) => last > through);
    if (this.#blocked) this.nudge();
  }

  /** Takes what was just committed (called by the mailbox before the nudge). */
  stored(chunk: Chunk): void {
    if (chunk.last <= this.#after || chunk.last <= this.#tailSince) return;
    if (this.#resting) return this.#dropTail(chunk.last);
    this.#tail.push(chunk);
    this.#tailCount += chunk.messages.length;
    while (this.#tailCount > MAX_TAIL) {
      const gone = this.#tail.shift()!;
      this.#tailCount -= gone.messages.length;
      this.#tailSince = gone.last;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tail = [];
    this.#settled.resolve();
    this.store.closeInbox(this);
  }

  #dropTail(through: number): void {
    this.#tail = [];
    this.#tailCount = 0;
    this.#tailSince = Math.max(this.#tailSince, through);
  }

  #takeTail(): Chunk[] {
    const tail = this.#tail;
    this.#tail = [];
    this.#tailCount = 0;
    return tail.filter(({ last }) => last > this.#after);
  }

  async #readDisk(): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    const { kv, sealer } = this.store;
    const prefix = inboxPrefix(this.inbox);
    const start = inboxKey(this.inbox, this.#after === CONFIRMED ? CONFIRMED : this.#after + 1);
    for (const { key, value } of await firstEntries(kv, { prefix, start }, READ_CHUNKS, () => this.#damaged())) {
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
    return chunks;
  }

  #damaged(): undefined {
    this.store.count("stored_values_damaged");
    log.error("something that was stored is damaged and skipped");
  }

  #handOut(chunk: Chunk): StoredMessage[] {
    const first = firstOf(chunk);
    this.#after = chunk.last;
    if (chunk.last <= this.#expired) return [];
    // A chunk of which a part was given back is there already.
    if (this.#unconfirmed.at(-1)?.last !== chunk.last) {
      this.#unconfirmed.push({ first, last: chunk.last, messages: chunk.messages.length, bytes: bytesOf(chunk) });
    }
    const messages = chunk.messages.map((message, i) => ({ sequence: first + i, message }));
    const known = Math.max(this.#confirmed, this.#pushed);
    return messages.filter(({ sequence }) => sequence > known);
  }
}
