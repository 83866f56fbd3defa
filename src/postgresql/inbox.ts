import { decodeChunk, firstOf } from "../mailbox/chunk.ts";
import type { ClientId } from "../mailbox/client_id.ts";
import type { StoredMessage } from "../mailbox/fresh.ts";
import type { Inbox } from "../mailbox/message_store.ts";
import type { Pseudonym } from "../mailbox/pseudonym.ts";

/** A chunk as it was read, opened. */
export interface ReadChunk {
  /** the number of its last message */
  readonly last: number;
  /** undefined when it is damaged */
  readonly value: Uint8Array | undefined;
}

/** An inbox as it was read. */
export interface ReadInbox {
  /** the newest login's epoch */
  readonly epoch: number;
  /** the number of its last message; smaller than those of chunks that it does not include */
  readonly last: number;
  /** the next chunks, in order */
  readonly chunks: readonly ReadChunk[];
  /** whether there are no more for now */
  readonly isAll: boolean;
}

/** What a reader needs of the mailbox. */
export interface ReaderStore {
  /** Reads what follows a number. Resolves with undefined when that is no longer wanted, as `isWanted` says. */
  read(inbox: Pseudonym, after: number, isWanted: () => boolean): Promise<ReadInbox | undefined>;
  /** has messages up to a number leave the database */
  confirm(reader: PostgresqlInbox, through: number): void;
  /** while commits fail: a message that waits for its commit, by its place in the inbox's queue */
  early(inbox: Pseudonym, place: number): Uint8Array | undefined;
  /** drops the first `count` of these for good, except those that may be committed already; returns how many it dropped */
  dropEarly(inbox: Pseudonym, count: number): number;
  /** counts delivered messages */
  confirmed(messages: number): void;
  /** counts a damaged chunk */
  damaged(): void;
  /** forgets a reader; does nothing when another one has replaced it */
  closeInbox(reader: PostgresqlInbox): void;
}

/** Most messages that are kept in memory for a reader after their commit; it reads others from the database. */
const MAX_FRESH = 256;

/** A committed message. */
interface Numbered {
  readonly number: number;
  readonly message: Uint8Array;
}

/** Messages that were handed out, with consecutive sequence numbers and consecutive numbers of the database. */
interface Run {
  /** of the first one */
  sequence: number;
  /** the database's, of the first one */
  number: number;
  length: number;
}

/**
 * Reads one inbox, in the order of the database's numbers. What this gateway has just committed goes to a reader that has
 * read everything before it without another look into the database.
 *
 * While commits fail, a reader that has read all else hands out what waits for its commit: early messages. Until these are
 * committed, or confirmed and dropped, it reads nothing else, so that sequence numbers, which it gives itself, and those of
 * the database have the same order. If another gateway's messages come in between all the same, early ones are handed out
 * a second time.
 */
export class PostgresqlInbox implements Inbox {
  #epoch: number | undefined;
  readonly #opened = Promise.withResolvers<void>();
  /** the number up to which everything was handed out */
  #after = 0;
  /** the highest number that is known to be given */
  #known = 0;
  /** another gateway says that there is more */
  #hinted = false;
  /** committed messages with consecutive numbers */
  #fresh: Numbered[] = [];
  /** the last sequence number, and that up to which all is confirmed */
  #sequence = 0;
  #confirmed = 0;
  /** what was handed out and is not confirmed */
  #handedOut: Run[] = [];
  /** sequence numbers of early messages: the first ones in the inbox's queue */
  #early: number[] = [];
  #closed = false;

  /** `nudge` and `superseded` must not throw. The mailbox calls {@linkcode opened} when the database knows of the login. */
  constructor(
    readonly id: ClientId,
    readonly inbox: Pseudonym,
    private readonly store: ReaderStore,
    readonly nudge: () => void,
    private readonly superseded: () => void,
  ) {}

  /** The login's epoch; undefined before {@linkcode opened}. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** Whether the next message must be read from the database. */
  get isBehind(): boolean {
    if (this.#closed || this.#epoch === undefined || this.#early.length > 0) return false;
    return this.#hinted || this.#known > this.#after && !this.#hasFresh();
  }

  /** The next messages; an empty array when there are no more for now. */
  async next(): Promise<StoredMessage[]> {
    await this.#opened.promise;
    while (this.isBehind) {
      this.#hinted = false;
      const after = this.#after;
      const read = await this.store.read(this.inbox, after, () => !this.#closed);
      if (read === undefined || this.#closed) return [];
      if (read.epoch !== this.#epoch) {
        this.supersede();
        return [];
      }
      const numbered = read.chunks.flatMap(({ last, value }) => this.#messagesOf(last, value, after));
      this.#after = Math.max(after, read.isAll ? read.last : read.chunks.at(-1)!.last);
      this.#known = Math.max(this.#known, read.last);
      // There are none when all of these were damaged, or have expired.
      if (numbered.length > 0) return numbered.map(({ number, message }) => this.#handOut(number, message));
    }
    const messages: StoredMessage[] = [];
    for (let next = this.take(); next !== undefined; next = this.take()) messages.push(next);
    return messages;
  }

  /** The next message in memory; undefined when there is no such message. */
  take(): StoredMessage | undefined {
    if (this.#closed || this.#epoch === undefined || this.isBehind) return undefined;
    if (this.#early.length === 0 && this.#hasFresh()) {
      const { number, message } = this.#fresh.shift()!;
      this.#after = number;
      return this.#handOut(number, message);
    }
    const message = this.store.early(this.inbox, this.#early.length);
    if (message === undefined) return undefined;
    this.#early.push(++this.#sequence);
    return { sequence: this.#sequence, message };
  }

  /** Confirms messages up to sequence number `through`. */
  confirm(through: number): void {
    if (this.#closed || through <= this.#confirmed) return;
    const before = this.#confirmed;
    this.#confirmed = through;
    let messages = 0;
    let number: number | undefined;
    for (let run = this.#handedOut[0]; run !== undefined && run.sequence <= through; run = this.#handedOut[0]) {
      const count = Math.min(run.length, through - run.sequence + 1);
      messages += count;
      number = run.number + count - 1;
      if (count === run.length) this.#handedOut.shift();
      else Object.assign(run, { sequence: run.sequence + count, number: number + 1, length: run.length - count });
    }
    if (number !== undefined) this.store.confirm(this, number);
    const early = this.#early.findLastIndex((sequence) => sequence <= through) + 1;
    if (early > 0) {
      messages += this.#early.filter((sequence) => sequence > before && sequence <= through).length;
      const dropped = this.store.dropEarly(this.inbox, early);
      this.#early.splice(early - dropped, dropped);
    }
    this.store.confirmed(messages);
    if (early > 0 && this.#early.length === 0) this.nudge();
  }

  /** Takes back what it handed out after sequence number `through`. */
  giveBack(through: number): void {
    this.#sequence = Math.min(this.#sequence, Math.max(through, this.#confirmed));
    this.#early = this.#early.filter((sequence) => sequence <= this.#sequence);
    const cut = this.#handedOut.findIndex(({ sequence, length }) => sequence + length - 1 > this.#sequence);
    if (cut < 0) return;
    const run = this.#handedOut[cut]!;
    const kept = Math.max(0, this.#sequence - run.sequence + 1);
    this.#after = run.number + kept - 1;
    this.#fresh = [];
    run.length = kept;
    this.#handedOut.splice(kept > 0 ? cut + 1 : cut);
  }

  /** Ends it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fresh = [];
    this.#opened.resolve();
    this.store.closeInbox(this);
  }

  /** The database knows of the login (called by the mailbox): messages after number `confirmed`, up to `last`, wait. */
  opened(epoch: number, confirmed: number, last: number): void {
    this.#epoch = epoch;
    this.#after = confirmed;
    this.#known = last;
    this.#opened.resolve();
    this.nudge();
  }

  /** Messages were committed here, the first with this number (called by the mailbox). */
  landed(first: number, messages: readonly Uint8Array[]): void {
    if (this.#closed || this.#epoch === undefined) return;
    this.#known = Math.max(this.#known, first + messages.length - 1);
    const early = this.#early.splice(0, messages.length);
    const before = this.#hasFresh() ? this.#fresh.at(-1)!.number : this.#after;
    if (before === first - 1) {
      early.forEach((sequence, i) => this.#note(sequence, first + i));
      this.#after += early.length;
      const confirmed = early.findLastIndex((sequence) => sequence <= this.#confirmed);
      if (confirmed >= 0) this.store.confirm(this, first + confirmed);
      if (this.#fresh.length + messages.length <= MAX_FRESH) {
        if (!this.#hasFresh()) this.#fresh = [];
        messages.forEach((message, i) => i >= early.length && this.#fresh.push({ number: first + i, message }));
      }
    }
    this.nudge();
  }

  /** The first `messages` of its queue were not committed as they were (called by the mailbox). */
  refused(messages: number): void {
    this.#early.splice(0, messages);
  }

  /** Something may have been stored, by another gateway or unnoticed (called by the mailbox). */
  hint(): void {
    if (this.#closed || this.#epoch === undefined) return;
    this.#hinted = true;
    this.nudge();
  }

  /** Takes note of what the database says about the inbox (called by the mailbox). */
  look(epoch: number, last: number): void {
    if (this.#epoch === undefined || epoch < this.#epoch) return;
    if (epoch > this.#epoch) return this.supersede();
    if (last > this.#known) this.hint();
  }

  /** The client has logged in at another gateway. */
  supersede(): void {
    if (this.#closed) return;
    this.close();
    this.superseded();
  }

  /** Whether the next message is in memory. */
  #hasFresh(): boolean {
    while (this.#fresh[0] !== undefined && this.#fresh[0].number <= this.#after) this.#fresh.shift();
    return this.#fresh[0]?.number === this.#after + 1;
  }

  #messagesOf(last: number, value: Uint8Array | undefined, after: number): Numbered[] {
    const chunk = value && decodeChunk(last, value);
    if (chunk === undefined) {
      this.store.damaged();
      return [];
    }
    const first = firstOf(chunk);
    return chunk.messages.map((message, i) => ({ number: first + i, message })).filter(({ number }) => number > after);
  }

  #handOut(number: number, message: Uint8Array): StoredMessage {
    this.#note(++this.#sequence, number);
    return { sequence: this.#sequence, message };
  }

  #note(sequence: number, number: number): void {
    if (sequence <= this.#confirmed) return;
    const run = this.#handedOut.at(-1);
    const isNext = run !== undefined && run.sequence + run.length === sequence && run.number + run.length === number;
    if (isNext) run.length++;
    else this.#handedOut.push({ sequence, number, length: 1 });
  }
}
