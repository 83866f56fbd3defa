import { decodeChunk, firstOf } from "../mailbox/chunk.ts";
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
  /** counts delivered messages */
  confirmed(messages: number): void;
  /** counts a damaged chunk */
  damaged(): void;
  /** forgets a reader; does nothing when another one has replaced it */
  closeInbox(reader: PostgresqlInbox): void;
}

/** Most messages that are kept in memory for a reader after their commit; it reads others from the database. */
const MAX_FRESH = 256;

/**
 * Reads one inbox, in the order of the database's numbers. What this gateway has just committed goes to a reader that has
 * read everything before it without another look into the database.
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
  #fresh: StoredMessage[] = [];
  /** numbers of messages that were handed out and are not confirmed: runs of consecutive ones */
  #handedOut: { first: number; last: number }[] = [];
  #confirmed = 0;
  #closed = false;

  /** `nudge` and `superseded` must not throw. The mailbox calls {@linkcode opened} when the database knows of the login. */
  constructor(
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
    if (this.#closed || this.#epoch === undefined) return false;
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
      const messages = read.chunks.flatMap(({ last, value }) => this.#messagesOf(last, value, after));
      this.#after = Math.max(after, read.isAll ? read.last : read.chunks.at(-1)!.last);
      this.#known = Math.max(this.#known, read.last);
      for (const { sequence } of messages) this.#note(sequence);
      if (messages.length > 0) return messages; // else all of these were damaged, or have expired
    }
    const messages: StoredMessage[] = [];
    for (let next = this.take(); next !== undefined; next = this.take()) messages.push(next);
    return messages;
  }

  /** The next message that was kept in memory; undefined when there is no such message. */
  take(): StoredMessage | undefined {
    if (this.#closed || this.isBehind || !this.#hasFresh()) return undefined;
    const next = this.#fresh.shift()!;
    this.#after = next.sequence;
    this.#note(next.sequence);
    return next;
  }

  /** Confirms messages up to number `through`. */
  confirm(through: number): void {
    if (this.#closed || through <= this.#confirmed) return;
    this.#confirmed = through;
    let messages = 0;
    while (this.#handedOut[0] !== undefined && this.#handedOut[0].first <= through) {
      const run = this.#handedOut[0];
      messages += Math.min(run.last, through) - run.first + 1;
      if (run.last > through) {
        run.first = through + 1;
        break;
      }
      this.#handedOut.shift();
    }
    this.store.confirmed(messages);
    this.store.confirm(this, through);
  }

  /** Takes back what it handed out after number `through`. */
  giveBack(through: number): void {
    this.#after = Math.max(through, this.#confirmed);
    this.#fresh = [];
    this.#handedOut = this.#handedOut.filter(({ first }) => first <= through);
    const run = this.#handedOut.at(-1);
    if (run !== undefined) run.last = Math.min(run.last, through);
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
    this.#confirmed = confirmed;
    this.#known = last;
    this.#opened.resolve();
    this.nudge();
  }

  /** Messages were committed here, the first with this number (called by the mailbox). */
  landed(first: number, messages: readonly Uint8Array[]): void {
    if (this.#closed || this.#epoch === undefined) return;
    const before = this.#hasFresh() ? this.#fresh.at(-1)!.sequence : this.#after;
    if (before === first - 1 && this.#fresh.length + messages.length <= MAX_FRESH) {
      if (!this.#hasFresh()) this.#fresh = [];
      messages.forEach((message, i) => this.#fresh.push({ sequence: first + i, message }));
    }
    this.#known = Math.max(this.#known, first + messages.length - 1);
    this.nudge();
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
    while (this.#fresh[0] !== undefined && this.#fresh[0].sequence <= this.#after) this.#fresh.shift();
    return this.#fresh[0]?.sequence === this.#after + 1;
  }

  #messagesOf(last: number, value: Uint8Array | undefined, after: number): StoredMessage[] {
    const chunk = value && decodeChunk(last, value);
    if (chunk === undefined) {
      this.store.damaged();
      return [];
    }
    const first = firstOf(chunk);
    return chunk.messages.map((message, i) => ({ sequence: first + i, message }))
      .filter(({ sequence }) => sequence > after);
  }

  #note(sequence: number): void {
    const run = this.#handedOut.at(-1);
    if (run !== undefined && run.last === sequence - 1) run.last = sequence;
    else this.#handedOut.push({ first: sequence, last: sequence });
  }
}
