import { decodeChunk, firstOf } from "../mailbox/chunk.ts";
import type { ClientId } from "../mailbox/client_id.ts";
import type { StoredMessage } from "../mailbox/fresh.ts";
import type { Inbox } from "../mailbox/message_store.ts";
import type { Pseudonym } from "../mailbox/pseudonym.ts";

/** A chunk as it was read, opened. */
export interface ReadChunk {
  /** the number of its last message */
  readonly last: number;
  /** as in the database, in hexadecimal */
  readonly id: string;
  /** undefined when it is damaged */
  readonly value: Uint8Array | undefined;
}

/** An inbox as it was read. */
export interface ReadInbox {
  /** the newest login's epoch */
  readonly epoch: number;
  /** whether that was at this gateway */
  readonly isHere: boolean;
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
  /** whether a chunk belongs to the commit under way: it is in the database, and the answer still to come */
  isUnderWay(id: string): boolean;
  /** has messages up to a number leave the database */
  confirm(reader: PostgresqlInbox, through: number): void;
  /** while commits fail or are slow: a message that waits for its commit, by its place in the inbox's queue */
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

/** Above any number that a database gives. */
const EARLY_NUMBERS = 2 ** 52;

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
 * While commits fail or are slow, a reader that has handed out all that came in here before hands out what waits for its
 * commit: early messages. They get their numbers at the commit. When another gateway's messages have come in between,
 * those are handed out later, with smaller numbers and larger sequence numbers; nothing is handed out twice.
 */
export class PostgresqlInbox implements Inbox {
  /** what was read from the start while the login was being committed; its epoch may be an older one */
  prefetched: Promise<ReadInbox | undefined> | undefined;
  #epoch: number | undefined;
  readonly #opened = Promise.withResolvers<void>();
  /** the number up to which everything was handed out */
  #after = 0;
  /** committed messages to hand out next, in order: all up to the number `#through` that were not handed out early */
  #fresh: Numbered[] = [];
  #through = 0;
  /** the highest number that is known to be given */
  #known = 0;
  /** the number up to which messages go before early ones, which came in here later */
  #own = 0;
  /** another gateway says that there is more */
  #hinted = false;
  #reading: Promise<void> | undefined;
  /** ends the wait for what is being read: there are early messages */
  #hastened = Promise.withResolvers<void>();
  /** what was read has met a commit under way: its outcome comes first */
  #awaitsCommit = false;
  /** the last sequence number, and that up to which all is confirmed */
  #sequence = 0;
  #confirmed = 0;
  /** what was handed out up to `#after` and has not left the database, in the order of numbers */
  #handedOut: Run[] = [];
  /** what was handed out early and has got a number beyond `#after`: sequence numbers by number, in order */
  readonly #ahead = new Map<number, number>();
  /** sequence numbers of early messages: the first ones in the inbox's queue */
  #early: number[] = [];
  /** early messages have numbers above this: above all of the database's, and different at each login */
  readonly #earlyNumbers = EARLY_NUMBERS + Math.floor(Math.random() * EARLY_NUMBERS / 2);
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
    if (this.#closed || this.#epoch === undefined || this.#awaitsCommit || this.#fresh.length > 0) return false;
    return this.#reading !== undefined || this.#hinted || this.#known > this.#through;
  }

  /** The next messages; an empty array when there are no more for now. */
  async next(): Promise<StoredMessage[]> {
    await this.#opened.promise;
    while (this.isBehind) {
      this.#reading ??= this.#read(); // it goes on while early messages are handed out
      const early = this.#takeAll();
      if (early.length > 0) return early;
      this.#hastened = Promise.withResolvers();
      await Promise.race([this.#reading, this.#hastened.promise]);
    }
    return this.#takeAll();
  }

  /** The next message in memory; undefined when there is no such message. */
  take(): StoredMessage | undefined {
    if (this.#closed || this.#epoch === undefined) return undefined;
    const fresh = this.#fresh.shift();
    if (fresh !== undefined) {
      this.#note(++this.#sequence, fresh.number);
      this.#after = fresh.number;
      this.#advance();
      return { sequence: this.#sequence, ...fresh };
    }
    if (this.#own > this.#after) return undefined;
    const message = this.store.early(this.inbox, this.#early.length);
    if (message === undefined) return undefined;
    this.#early.push(++this.#sequence);
    return { sequence: this.#sequence, number: this.#earlyNumbers + this.#sequence, message };
  }

  /** Confirms messages up to sequence number `through`. */
  confirm(through: number): void {
    const confirmed = Math.min(through, this.#sequence);
    if (this.#closed || confirmed <= this.#confirmed) return;
    this.store.confirmed(confirmed - this.#confirmed);
    this.#confirmed = confirmed;
    this.#settle();
    const early = this.#early.findLastIndex((sequence) => sequence <= confirmed) + 1;
    if (early === 0) return;
    const dropped = this.store.dropEarly(this.inbox, early);
    this.#early.splice(early - dropped, dropped);
  }

  /** Takes back what it handed out after sequence number `through`. */
  giveBack(through: number): void {
    const last = this.#sequence = Math.min(this.#sequence, Math.max(through, this.#confirmed));
    this.#early = this.#early.filter((sequence) => sequence <= last);
    const kept = [...this.#ahead].filter(([, sequence]) => sequence <= last);
    const cut = this.#handedOut.findIndex(({ sequence, length }) => sequence + length - 1 > last);
    if (cut < 0 && kept.length === this.#ahead.size) return; // all had come early, and waits for its commit
    const [head, ...later] = cut < 0 ? [] : this.#handedOut.splice(cut);
    if (head !== undefined) {
      const length = Math.max(0, last - head.sequence + 1);
      if (length > 0) this.#handedOut.push({ ...head, length });
      this.#after = head.number + length - 1;
    }
    this.#ahead.clear();
    for (const run of later) {
      for (let i = 0; i < run.length && run.sequence + i <= last; i++) {
        this.#ahead.set(run.number + i, run.sequence + i);
      }
    }
    for (const [number, sequence] of kept) this.#ahead.set(number, sequence);
    this.#own = this.#known;
    this.#fresh = [];
    this.#through = this.#after;
  }

  /** Whether messages that wait for their commit are confirmed. */
  get hasConfirmedEarly(): boolean {
    return this.#early.length > 0 && this.#early[0]! <= this.#confirmed;
  }

  /** Ends it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fresh = [];
    this.#opened.resolve();
    this.#hastened.resolve();
    this.store.closeInbox(this);
  }

  /** The database knows of the login (called by the mailbox): messages after number `confirmed`, up to `last`, wait. */
  opened(epoch: number, confirmed: number, last: number): void {
    this.#epoch = epoch;
    this.#after = this.#through = confirmed;
    this.#known = this.#own = last;
    this.#opened.resolve();
    this.nudge();
  }

  /**
   * Messages of its queue were committed, the first with this number (called by the mailbox). When it is closed, those that
   * were confirmed still leave the database.
   */
  landed(first: number, messages: readonly Uint8Array[]): void {
    if (this.#epoch === undefined) return;
    this.#awaitsCommit = false;
    const last = first + messages.length - 1;
    this.#known = Math.max(this.#known, last);
    const early = this.#early.splice(0, messages.length);
    early.forEach((sequence, i) => this.#ahead.set(first + i, sequence));
    const others = messages.slice(early.length);
    if (others.length > 0) this.#own = last;
    if (this.#through === first - 1 && this.#fresh.length + others.length <= MAX_FRESH) {
      others.forEach((message, i) => this.#fresh.push({ number: first + early.length + i, message }));
      this.#through = last;
      this.#advance();
    }
    if (!this.#closed) this.nudge();
  }

  /** The first messages of its queue were not committed as they were; those that stay in it are so marked (by the mailbox). */
  refused(stay: readonly boolean[]): void {
    this.#awaitsCommit = false;
    this.#early = this.#early.filter((_, i) => stay[i] ?? true);
  }

  /** There are early messages (called by the mailbox). */
  hasten(): void {
    this.#hastened.resolve();
    this.nudge();
  }

  /** Something may have been stored, by another gateway or unnoticed (called by the mailbox). */
  hint(): void {
    if (this.#closed || this.#epoch === undefined) return;
    this.#hinted = true;
    this.nudge();
  }

  /**
   * Takes note of what the database says about the inbox: the newest login's epoch, and whether that was here (called by the
   * mailbox).
   */
  look(epoch: number, isHere: boolean, last: number): void {
    if (this.#epoch === undefined || epoch < this.#epoch) return;
    if (epoch > this.#epoch || !isHere) return this.supersede();
    if (last > this.#known) this.hint();
  }

  /** The client has logged in at another gateway. */
  supersede(): void {
    if (this.#closed) return;
    this.close();
    this.superseded();
  }

  async #read(): Promise<void> {
    const from = this.#through;
    const prefetched = await this.prefetched;
    this.prefetched = undefined;
    if (prefetched === undefined) this.#hinted = false; // what was prefetched may be older than the hint
    const read = prefetched ?? await this.store.read(this.inbox, from, () => !this.#closed);
    this.#reading = undefined;
    if (read === undefined || this.#closed) return;
    if (read !== prefetched && (read.epoch !== this.#epoch || !read.isHere)) return this.supersede();
    this.#known = Math.max(this.#known, read.last);
    if (this.#through < from) return; // some was given back meanwhile
    const { chunks } = read;
    const met = chunks.findIndex(({ id }) => this.store.isUnderWay(id));
    this.#awaitsCommit = met >= 0;
    const ours = met < 0 ? chunks : chunks.slice(0, met);
    for (const { last, value } of ours) {
      const isWanted = ({ number }: Numbered) => number > this.#through && !this.#ahead.has(number);
      this.#fresh.push(...this.#messagesOf(last, value).filter(isWanted));
    }
    const through = met < 0 && read.isAll ? read.last : ours.at(-1)?.last ?? from;
    this.#through = Math.max(this.#through, through);
    this.#advance();
  }

  /** Everything before the next message in memory was handed out. */
  #advance(): void {
    const next = this.#fresh[0];
    const through = next === undefined ? this.#through : next.number - 1;
    this.#after = Math.max(this.#after, through);
    if (this.#ahead.size === 0) return;
    for (const [number, sequence] of this.#ahead) {
      if (number > through) break;
      this.#ahead.delete(number);
      this.#note(sequence, number);
    }
    this.#settle();
  }

  /** What is confirmed, without a gap, leaves the database. */
  #settle(): void {
    let number: number | undefined;
    for (let run = this.#handedOut[0]; run !== undefined && run.sequence <= this.#confirmed; run = this.#handedOut[0]) {
      const count = Math.min(run.length, this.#confirmed - run.sequence + 1);
      number = run.number + count - 1;
      if (count === run.length) this.#handedOut.shift();
      else Object.assign(run, { sequence: run.sequence + count, number: number + 1, length: run.length - count });
    }
    if (number !== undefined) this.store.confirm(this, number);
  }

  #takeAll(): StoredMessage[] {
    const messages: StoredMessage[] = [];
    for (let next = this.take(); next !== undefined; next = this.take()) messages.push(next);
    return messages;
  }

  #messagesOf(last: number, value: Uint8Array | undefined): Numbered[] {
    const chunk = value && decodeChunk(last, value);
    if (chunk === undefined) {
      this.store.damaged();
      return [];
    }
    const first = firstOf(chunk);
    return chunk.messages.map((message, i) => ({ number: first + i, message }));
  }

  #note(sequence: number, number: number): void {
    const run = this.#handedOut.at(-1);
    const isNext = run !== undefined && run.sequence + run.length === sequence && run.number + run.length === number;
    if (isNext) run.length++;
    else this.#handedOut.push({ sequence, number, length: 1 });
  }
}
