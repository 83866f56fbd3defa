import type { Count } from "../counting/counters.ts";
import { logger } from "../logging/log.ts";
import { Caretaker } from "./caretaker.ts";
import type { ClientId } from "./client_id.ts";
import { type Commit, Commits } from "./commits.ts";
import { openDatabase } from "./database.ts";
import type { DiskSpace } from "./disk_space.ts";
import { Fresh, type Taken, VALUE_OVERHEAD } from "./fresh.ts";
import { figuresOf, InboxReader, type ReaderStore } from "./inbox_reader.ts";
import { Journal, pageContext, pageKey } from "./journal.ts";
import { emptyJournal } from "./journal_at_start.ts";
import { CONFIRMED, inboxContext, inboxKey } from "./keys.ts";
import { inboxAllowance, type MailboxLimits, NO_LIMITS, type Refusal } from "./limits.ts";
import { encodeMark } from "./mark.ts";
import type { MessageStore } from "./message_store.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { RefusalReport } from "./refusal_report.ts";
import { type Removal, Removals } from "./removals.ts";
import type { Sealer } from "./sealing.ts";
import { readTotals, setTotals, type Totals } from "./totals.ts";
import { type Held, Usage } from "./usage.ts";
import type { Found } from "./walk.ts";

const log = logger("nym_gateway::mailbox");

/** A commit may have 1000 mutations and 819,200 bytes; the totals take one mutation and a few bytes. */
const MAX_COMMIT_SIZE = 800_000;
const MAX_COMMIT_MUTATIONS = 990;
/** The most removals among these, so that stores never wait behind removals. */
const MAX_COMMIT_REMOVALS = 500;
/**
 * The most messages waiting for a commit. Beyond it there is no room, and the gateway stops reading packets. It is a
 * number of messages, because each takes some memory however short it is: about 11 MB in all.
 */
const MAX_WAITING = 8192;
/** Removals are committed with the next stores, or after this many ms, or when they would fill a commit. */
const REMOVAL_DELAY = 20;
/**
 * ms after which messages move from the journal to their inboxes; beyond this size in bytes, the oldest do so at once
 */
const MOVE_AFTER = 5_000;
const MAX_JOURNAL_SIZE = 8_388_608;
const NOTHING: Held = { messages: 0, bytes: 0 };
/** The key that the health check writes. */
const PROBE_KEY = ["probe"];

/** The contents of one commit. */
interface Contents extends Taken {
  readonly removals: readonly Removal[];
  /** confirmed messages that have left the journal */
  readonly confirmed: Held;
}

/**
 * The messages of all clients, on disk until their delivery is confirmed.
 *
 * Group commit: a commit starts when the previous one has ended, and takes everything pending, within the database's
 * limits. A message counts as stored when its commit is on the disk. Its client's reader need not wait for that: it is
 * nudged in the turn in which the message arrives. What is confirmed before its commit is never written.
 *
 * After a crash, numbers continue from the totals on the disk. So the totals of each commit cover all numbers given so
 * far, even those of messages not in the commit: no later message may get one of them.
 *
 * Beyond the limits the newest message is refused, and no stored one is dropped. Otherwise a flood of an inbox would
 * delete messages that the gateway has promised to keep.
 */
export class Mailbox implements MessageStore {
  readonly #commits: Commits;
  readonly #readers = new Map<Pseudonym, InboxReader>();
  readonly #readerStore: ReaderStore;
  readonly #journal = new Journal();
  readonly #fresh: Fresh;
  /** confirmed messages that have left the journal and are still in the totals */
  #confirmed: Held = NOTHING;
  #moveTimer: ReturnType<typeof setTimeout> | undefined;
  /** the journal must be emptied */
  #isClosing = false;
  readonly #usage: Usage;
  readonly #removals = new Removals();
  readonly #refusals = new RefusalReport();
  /** resolves when there may be room again; undefined while nobody is waiting */
  #roomMade: PromiseWithResolvers<void> | undefined;
  #removalTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #caretaker: Caretaker;

  private constructor(
    private readonly kv: Deno.Kv,
    private readonly sealer: Sealer,
    readonly totals: Totals,
    private readonly count: Count,
    onCommit: (seconds: number) => void,
    syncAlong: () => Promise<void>,
    private readonly limits: MailboxLimits,
    private readonly disk: Pick<DiskSpace, "isBelow">,
  ) {
    this.#fresh = new Fresh(totals, this.#journal);
    this.#commits = new Commits({ take: () => this.#take(), pause: () => this.#pause() }, onCommit, syncAlong);
    this.#readerStore = {
      kv,
      sealer,
      count,
      lastSequence: () => totals.sequence,
      diskThrough: (inbox) => this.#fresh.diskThrough(inbox),
      fresh: (inbox, after) => this.#fresh.next(inbox, after),
      confirmFresh: (inbox, through) => this.#confirmFresh(inbox, through),
      remove: (removals) => this.#remove(removals),
      closeInbox: (reader) => this.#closeInbox(reader),
    };
    this.#usage = new Usage(totals.sequence);
    if (totals.messages === 0) this.#usage.foundAll();
    this.#caretaker = new Caretaker(kv, sealer, totals, this.#usage, limits, () => this.#commits.start());
  }

  /**
   * Opens or creates the database file at `path`. `count` counts messages_stored, messages_lost (those that could not
   * be written by the time the mailbox was closed), messages_confirmed, messages_expired, messages_refused_… and
   * stored_values_damaged; `onCommit` gets the duration of each commit in seconds. `syncAlong` is called with each one,
   * which is done when that has resolved too.
   * @throws {Error} when the file was sealed with another storage key, or cannot be opened or read
   */
  static async open(
    path: string,
    sealer: Sealer,
    count: Count = () => {},
    onCommit: (seconds: number) => void = () => {},
    syncAlong: () => Promise<void> = () => Promise.resolve(),
    limits: MailboxLimits = NO_LIMITS,
    disk: Pick<DiskSpace, "isBelow"> = { isBelow: () => false },
  ): Promise<Mailbox> {
    return await Mailbox.over(await openDatabase(path, sealer), sealer, count, onCommit, syncAlong, limits, disk);
  }

  /**
   * Like {@linkcode open}, but over an open database, which it owns from now on.
   * @throws {Error} when it cannot be read; it is closed then
   */
  static async over(
    kv: Deno.Kv,
    sealer: Sealer,
    count: Count,
    onCommit: (seconds: number) => void,
    syncAlong: () => Promise<void>,
    limits: MailboxLimits,
    disk: Pick<DiskSpace, "isBelow">,
  ): Promise<Mailbox> {
    try {
      const totals = await readTotals(kv, sealer);
      await emptyJournal(kv, sealer, totals, () => count("stored_values_damaged"));
      return new Mailbox(kv, sealer, totals, count, onCommit, syncAlong, limits, disk);
    } catch (error) {
      kv.close();
      throw error;
    }
  }

  /**
   * Accepts a message (kept, not copied, until its commit) for a client; false when a limit forbids it. Ask for
   * {@linkcode room} first.
   */
  store(id: ClientId, message: Uint8Array): boolean {
    const inbox = this.sealer.pseudonym(id);
    const refusal = this.#refusal(inbox, message.length);
    if (refusal !== undefined) {
      this.count(`messages_refused_${refusal}`);
      this.#refusals.note(refusal);
      return false;
    }
    this.#caretaker.stored(this.totals.messages === 0 && this.#fresh.waiting === 0);
    this.#usage.add(inbox, 1, message.length);
    this.#fresh.add(inbox, message);
    this.#commits.start();
    this.#readers.get(inbox)?.nudge();
    return true;
  }

  /** undefined if there is room for more messages, otherwise a promise that resolves when there may be. */
  room(): Promise<void> | undefined {
    if (this.#fresh.waiting < MAX_WAITING) return undefined;
    this.#roomMade ??= Promise.withResolvers();
    return this.#roomMade.promise;
  }

  /**
   * Skips a random amount of sequence numbers, two billion on average. Call it before the first message: a run that was
   * killed may have pushed messages whose numbers it had not written yet, and clients recognize messages by their numbers.
   */
  skipNumbers(): void {
    this.totals.sequence += crypto.getRandomValues(new Uint32Array(1))[0]!;
  }

  /** The number of messages waiting for a commit. */
  get waiting(): number {
    return this.#fresh.waiting;
  }

  /** Whether messages stored before the start are still being counted; until then, inboxes may exceed their limits. */
  get isCounting(): boolean {
    return this.#usage.isPartial;
  }

  /**
   * The age of the oldest message, in ms of the mailbox's clock; 0 if there are no messages. When the oldest leaves,
   * its age stays until the next walk, for a minute or so.
   */
  get oldestAge(): number {
    return this.#caretaker.oldestAge;
  }

  /** Why messages cannot be written; undefined if the last commit worked. */
  get failure(): string | undefined {
    return this.#commits.failure;
  }

  /** Why some stored messages cannot be read; undefined if the last walk has seen all. */
  get readFailure(): string | undefined {
    return this.#caretaker.failure;
  }

  /** Writes to the disk, to check that it works. Rejects with what the database throws. */
  async probe(): Promise<void> {
    await this.kv.set(PROBE_KEY, Date.now());
  }

  /** Resolves when everything stored and removed so far is on the disk, or given up. */
  async flush(): Promise<void> {
    await this.#commits.flush();
  }

  /**
   * Reads a client's inbox from the start; `nudge` is called whenever more is stored. There is one reader for
   * each client: this closes any older one, whose confirmations then have no effect.
   */
  openInbox(id: ClientId, nudge: () => void): InboxReader {
    const inbox = this.sealer.pseudonym(id);
    this.#readers.get(inbox)?.close();
    const reader = new InboxReader(inbox, this.#readerStore, nudge);
    this.#readers.set(inbox, reader);
    if (this.#removals.concern(inbox)) this.#commits.start(); // its removals need not wait for others
    else reader.settled();
    return reader;
  }

  /**
   * Prepares for closing: gives up commits that still fail after `patience` ms, so that they do not delay the
   * end.
   */
  endRetries(patience: number): void {
    this.#commits.endRetries(patience);
  }

  /** Commits everything pending and closes the database and all readers. What cannot be written is counted as lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#commits.isEnding) this.endRetries(0);
    this.#isClosing = true;
    await this.flush();
    if (this.totals.messages > 0) await this.#caretaker.keepClock();
    clearTimeout(this.#removalTimer);
    clearTimeout(this.#moveTimer);
    this.#refusals[Symbol.dispose]();
    this.#caretaker[Symbol.dispose]();
    for (const reader of this.#readers.values()) reader.close();
    this.kv.close();
  }

  #closeInbox(reader: InboxReader): void {
    if (this.#readers.get(reader.inbox) === reader) this.#readers.delete(reader.inbox);
  }

  #remove(removals: Removal[]): void {
    this.#removals.add(removals);
    if (this.#removals.count >= MAX_COMMIT_REMOVALS) this.#commits.start();
    else this.#commitSoon();
  }

  #commitSoon(): void {
    this.#removalTimer ??= setTimeout(() => this.#removalsAreDue(), REMOVAL_DELAY);
  }

  /** A commit that is due anyway takes them too; later removals start another timer. */
  #removalsAreDue(): void {
    this.#removalTimer = undefined;
    this.#commits.start();
  }

  /** As much pending work as fits into one commit, in order. */
  #take(): Commit | undefined {
    if (this.#journal.first !== undefined) {
      this.#moveTimer ??= setTimeout(() => {
        this.#moveTimer = undefined;
        this.#commits.start();
      }, MOVE_AFTER);
    }
    const { clock } = this.#caretaker;
    const stale = this.#isClosing
      ? this.#journal.stale(clock, 0)
      : this.#journal.stale(clock - MOVE_AFTER, MAX_JOURNAL_SIZE);
    if (!this.#hasWork && stale === 0) return undefined;
    clearTimeout(this.#removalTimer);
    this.#removalTimer = undefined;
    const removals = this.#removals.take(MAX_COMMIT_REMOVALS);
    const size = removals.length * (VALUE_OVERHEAD + encodeMark(0).length) + this.#journal.goneSize;
    const values = MAX_COMMIT_MUTATIONS - removals.length;
    const keepsUp = (inbox: Pseudonym) => this.#readers.get(inbox)?.keepsUp === true;
    const taken = this.#fresh.take(
      clock,
      values,
      MAX_COMMIT_SIZE - size,
      this.#isClosing ? undefined : keepsUp,
      stale,
    );
    const contents = { ...taken, removals, confirmed: this.#journal.isFrozen ? NOTHING : this.#confirmed };
    this.#confirmed = NOTHING;
    this.totals.clock = clock;
    this.#addToTotals(contents, 1);
    for (const { inbox, last, messages, bytes } of removals) this.#usage.remove(inbox, last, messages, bytes);
    return {
      changes: this.#changes(contents),
      written: () => {
        this.#landed(taken);
        this.#done(removals);
      },
      givenUp: () => {
        this.#giveUp(contents);
        this.#done(removals);
      },
    };
  }

  get #hasWork(): boolean {
    return this.#fresh.waiting > 0 || this.#removals.count > 0 || this.#journal.hasNews;
  }

  #changes({ chunks, pages, emptied, removals }: Contents): Deno.AtomicOperation {
    const atomic = this.kv.atomic();
    setTotals(atomic, this.totals, this.sealer);
    for (const { inbox, last, mark } of removals) {
      if (mark !== undefined) this.#set(atomic, inbox, last, encodeMark(mark));
      else atomic.delete(inboxKey(inbox, last));
    }
    for (const { inbox, chunk, value } of chunks) this.#set(atomic, inbox, chunk.last, value);
    for (const { number, value } of pages) atomic.set(pageKey(number), this.sealer.seal(value, pageContext(number)));
    for (const number of emptied) atomic.delete(pageKey(number));
    return atomic;
  }

  /** Seals a value for its place in an inbox. */
  #set(atomic: Deno.AtomicOperation, inbox: Pseudonym, last: number, value: Uint8Array): void {
    atomic.set(inboxKey(inbox, last), this.sealer.seal(value, inboxContext(inbox, last)));
  }

  #addToTotals({ messages, bytes, confirmed, removals }: Contents, sign: 1 | -1): void {
    this.totals.messages += sign * (messages - confirmed.messages);
    this.totals.bytes += sign * (bytes - confirmed.bytes);
    for (const { messages, bytes } of removals) {
      this.totals.messages -= sign * messages;
      this.totals.bytes -= sign * bytes;
    }
  }

  /** Takes what was never written out of the totals, which a later commit may write. */
  #giveUp(contents: Contents): void {
    this.#addToTotals(contents, -1);
    this.#journal.freeze();
    let lost = contents.messages;
    for (const each of contents.chunks) lost -= this.#fresh.landed(each);
    if (lost <= 0) return; // it had only removals: those messages will be delivered again
    log.error(`${lost} messages could not be written and are lost`);
    this.count("messages_lost", lost);
  }

  /** Removes what was confirmed while it was being written. */
  #landed({ chunks, messages: stored }: Taken): void {
    for (const each of chunks) {
      const { inbox, chunk } = each;
      const figures = figuresOf(chunk);
      const { first, last, messages, bytes } = figures;
      const confirmed = this.#fresh.landed(each);
      const mark = first + confirmed - 1;
      this.#readers.get(inbox)?.landed(figures, mark);
      if (confirmed === messages) this.#remove([{ inbox, last, messages, bytes }]);
      else if (confirmed > 0) this.#remove([{ inbox, last: CONFIRMED, messages: 0, bytes: 0, mark }]);
    }
    if (stored > 0) this.count("messages_stored", stored);
  }

  #confirmFresh(inbox: Pseudonym, through: number): number {
    const { messages, unwritten, unwrittenBytes, journaled, journaledBytes } = this.#fresh.confirm(inbox, through);
    if (unwritten + journaled > 0) {
      this.#usage.remove(inbox, through, unwritten + journaled, unwrittenBytes + journaledBytes);
      this.#makeRoom();
    }
    if (journaled > 0) {
      const { messages, bytes } = this.#confirmed;
      this.#confirmed = { messages: messages + journaled, bytes: bytes + journaledBytes };
      this.#commitSoon();
    }
    if (messages > unwritten + journaled) this.#removals.expect(inbox);
    return messages;
  }

  /** A commit was written or given up. */
  #done(removals: readonly Removal[]): void {
    for (const inbox of this.#removals.settle(removals)) this.#readers.get(inbox)?.settled();
    this.#makeRoom();
  }

  #makeRoom(): void {
    this.#roomMade?.resolve();
    this.#roomMade = undefined;
  }

  #refusal(inbox: Pseudonym, size: number): Refusal | undefined {
    const { inboxMessages, inboxBytes, minimumFreeDisk } = this.limits;
    // Messages that a client confirms at once need no room. If it stops, little is written before that shows.
    if (this.disk.isBelow(minimumFreeDisk) && !this.#readers.get(inbox)?.owesNothing) return "disk_low";
    const { messages, bytes } = this.#usage.of(inbox);
    if (messages >= inboxMessages || bytes + size > inboxBytes) return "inbox_full";
    const allowed = inboxAllowance(this.limits, {
      messages: this.totals.messages + this.#fresh.waiting + 1,
      bytes: this.totals.bytes + this.#fresh.waitingBytes + size,
    });
    return messages >= allowed.messages || bytes + size > allowed.bytes ? "mailbox_full" : undefined;
  }

  #pause(): Promise<void> | undefined {
    return this.#caretaker.isDue && !this.#commits.isEnding ? this.#step() : undefined;
  }

  /** A step of the caretaker's walk. Its count is right, whereas the totals still include damaged messages. */
  async #step(): Promise<void> {
    const wasCounting = this.isCounting;
    const expired = await this.#caretaker.step();
    if (wasCounting && !this.isCounting) {
      this.totals.messages = this.#usage.all.messages - this.#fresh.waiting + this.#confirmed.messages;
      this.totals.bytes = this.#usage.all.bytes - this.#fresh.waitingBytes + this.#confirmed.bytes;
    }
    this.#expire(expired);
  }

  #expire(found: Found[]): void {
    if (found.length === 0) return;
    const place = ({ inbox, last }: { inbox: Pseudonym; last: number }) => `${inbox} ${last}`;
    const confirmed = this.#removals.of(new Set(found.map(({ inbox }) => inbox))); // during the walk's step
    const leaving = new Set(confirmed.map(place));
    const expired = found.filter((each) =>
      !leaving.has(place(each)) && (each.last !== CONFIRMED || !this.#readers.has(each.inbox))
    );
    for (const { inbox, last } of expired) this.#readers.get(inbox)?.expired(last);
    this.count("messages_expired", expired.reduce((sum, { waiting }) => sum + waiting, 0));
    this.#remove(expired.map(({ inbox, last, messages, bytes }) => ({ inbox, last, messages, bytes })));
  }
}
