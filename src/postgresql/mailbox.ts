import type { Count } from "../counting/counters.ts";
import { logger } from "../logging/log.ts";
import type { ClientId } from "../mailbox/client_id.ts";
import { type Commit, Commits } from "../mailbox/commits.ts";
import { inboxAllowance, type MailboxLimits, type Refusal } from "../mailbox/limits.ts";
import type { MessageStore } from "../mailbox/message_store.ts";
import type { Pseudonym } from "../mailbox/pseudonym.ts";
import { RefusalReport } from "../mailbox/refusal_report.ts";
import type { Sealer } from "../mailbox/sealing.ts";
import type { Held } from "../mailbox/usage.ts";
import {
  Batch,
  chunkContext,
  type CommitStatement,
  type Confirmation,
  type Outcome,
  type Outcomes,
  type Place,
} from "./batch.ts";
import { PostgresqlInbox, type ReaderStore, type ReadInbox } from "./inbox.ts";
import { type Portion, Queue, type Waiting } from "./queue.ts";
import type { Server, Sql } from "./server.ts";
import { Visit } from "./visit.ts";

const log = logger("nym_gateway::postgresql");

/** Most messages that wait for their commit, those of the commit under way included; beyond it there is no room. */
const MAX_WAITING = 8192;
/** Bounds of one commit: a large one delays the next. */
const MAX_COMMIT_INBOXES = 1000;
const MAX_COMMIT_BYTES = 1_048_576;
/** Confirmations go with the next stores; without any, together after this many ms. */
const CONFIRM_DELAY = 20;
/** Chunks that one read takes: at most 1 MiB. */
const READ_CHUNKS = 64;
/** Logins for which the database is read while they are committed, and the chunks that are kept for each meanwhile. */
const MAX_PREFETCHES = 32;
const PREFETCHED_CHUNKS = 16;
/** ms until a read that failed is tried again */
const READ_AGAIN = 500;
/** ms for which a full inbox refuses messages without asking the database again */
const FULL_FOR = 1000;
/** ms between two polls of the totals */
const TALLY_INTERVAL = 1000;
/** ms between two sweeps, which find what a lost notification missed, and between two rounds of expiry and partitions */
const SWEEP_INTERVAL = 5000;
const TEND_INTERVAL = 60_000;
/** ms until a commit that is not answered is given up, while the gateway stops */
const SILENCE = 3000;
/** ms after which a commit is slow: clients that are online don't wait for it */
const SLOW = 200;
/** ms by which a message may become visible after others that were stored later */
const SLOWEST = 10_000;
/** Chunks that expire in one statement. */
const EXPIRED_AT_ONCE = 500;
/** Clients for whom covers wait to be passed to other gateways; one statement takes as many as one notification names. */
const MAX_COVERED = 8192;
const COVERED_AT_ONCE = 180;
/** Covers for one client that count of a notification: any role of the database can send one. */
const MAX_COVERS = 64;
/** PostgreSQL's code for a lock that did not become available in time. */
const LOCK_NOT_AVAILABLE = "55P03";
/** Hexadecimal digits of a pseudonym in a notification. */
const HINT_DIGITS = 32;

const DAY = 86_400_000;

/** What the store does beside storing; ms each. */
export interface Timings {
  /** between two polls of the totals */
  readonly tally: number;
  /** between two sweeps */
  readonly sweep: number;
  /** between two rounds of expiry */
  readonly tend: number;
  /** until a commit that is not answered is given up, while the gateway stops */
  readonly silence: number;
  /** after which a commit is slow */
  readonly slow: number;
}

/**
 * The messages of all clients of all gateways that share a database.
 *
 * One commit goes at a time, and takes everything that waits: messages, confirmations and logins (batch.ts). It is retried
 * until it works, and the database does only once what it is sent twice. Messages get their numbers at the commit, and
 * are pushed after it. Only while commits fail or are slow are they pushed before: the order in which another gateway's
 * come, and whether it has seen the same packets, shows at the commit.
 */
export class PostgresqlMailbox implements MessageStore {
  readonly #queue = new Queue();
  readonly #commits: Commits;
  /** those whose login is being committed, and for whom the database is read meanwhile */
  readonly #prefetching = new Set<PostgresqlInbox>();
  /** closed ones with confirmed messages in the commit under way */
  readonly #leaving = new Map<Pseudonym, PostgresqlInbox>();
  /** by the beginning of their pseudonyms, as in notifications */
  readonly #readers = new Map<string, PostgresqlInbox>();
  /** what {@linkcode passCover} has taken, by client */
  readonly #covers = new Map<Pseudonym, number>();
  #isPassing = false;
  #isSweeping = false;
  /** another sweep must follow the one under way */
  #mustSweep = false;
  pushCover: ((id: ClientId) => void) | undefined;
  readonly #readerStore: ReaderStore;
  readonly #confirmations = new Map<Pseudonym, Confirmation>();
  /** packets with nothing to store, whose tags go with the next commit */
  #unstored: { readonly tag: bigint; readonly then: ((isNew: boolean) => void) | undefined }[] = [];
  readonly #opening = new Map<Pseudonym, PostgresqlInbox>();
  /** full inboxes, and until when they refuse messages at once, in ms of performance.now() */
  readonly #full = new Map<Pseudonym, { until: number; refusal: Refusal }>();
  readonly #refusals = new RefusalReport();
  readonly #gateway = String(crypto.getRandomValues(new BigUint64Array(1))[0]! >> 2n);
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #number = 0;
  #totals: Held = { messages: 0, bytes: 0 };
  #oldestAge = 0;
  /** when the oldest known message was stored, in ms by the database's clock */
  #oldest = 0;
  #roomMade: PromiseWithResolvers<void> | undefined;
  #confirmTimer: ReturnType<typeof setTimeout> | undefined;
  #tending: Promise<void> = Promise.resolve();
  /** the last attempt to commit has failed */
  #isFailing = false;
  /** the commit under way, or the last one, is slow */
  #isSlow = false;
  /** the commit under way, over all attempts */
  #underWay: CommitStatement | undefined;
  /** what the database has yet to answer */
  #sending: CommitStatement | undefined;
  #isClosed = false;

  private constructor(
    private readonly server: Server,
    private readonly sealer: Sealer,
    private readonly count: Count,
    onCommit: (seconds: number) => void,
    syncAlong: () => Promise<void>,
    private readonly limits: MailboxLimits,
    private readonly replayWindow: number,
    private readonly timings: Timings,
  ) {
    // No pace: messages are pushed after their commit.
    this.#commits = new Commits({ take: () => this.#take(), pause: () => undefined }, onCommit, syncAlong, 0);
    this.#readerStore = {
      read: (inbox, after, isWanted) => this.#read(inbox, after, isWanted),
      isUnderWay: (id) => this.#underWay?.ids.has(id) ?? false,
      confirm: (reader, through) => this.#confirm(reader, through),
      early: (inbox, place) => this.#pushesEarly ? this.#queue.at(inbox, place) : undefined,
      dropEarly: (inbox, count) => this.#dropEarly(inbox, count),
      confirmed: (messages) => this.count("messages_confirmed", messages),
      damaged: () => {
        this.count("stored_values_damaged");
        log.error("something that was stored is damaged and skipped");
      },
      closeInbox: (reader) => this.#closeInbox(reader),
    };
  }

  /**
   * Opens a mailbox in a migrated database; it uses `server`, and does not own it. The other parameters are as those of the
   * embedded mailbox; `replayWindow` is in ms.
   * @throws {Error} when the database cannot be asked
   */
  static async open(
    server: Server,
    sealer: Sealer,
    count: Count,
    onCommit: (seconds: number) => void,
    syncAlong: () => Promise<void>,
    limits: MailboxLimits,
    replayWindow: number,
    timings: Timings = {
      tally: TALLY_INTERVAL,
      sweep: SWEEP_INTERVAL,
      tend: TEND_INTERVAL,
      silence: SILENCE,
      slow: SLOW,
    },
  ): Promise<PostgresqlMailbox> {
    const mailbox = new PostgresqlMailbox(server, sealer, count, onCommit, syncAlong, limits, replayWindow, timings);
    await mailbox.#tend();
    await mailbox.#tally();
    mailbox.#every(timings.tally, () => mailbox.#tally());
    mailbox.#every(timings.sweep, () => mailbox.#sweep());
    mailbox.#every(timings.tend, () => mailbox.#tend());
    server.listen(`nym_gateway_${mailbox.#gateway}`, (hint) => mailbox.#hinted(hint), () => mailbox.#hinted("*"));
    return mailbox;
  }

  /** What all inboxes held a second ago or less. */
  get totals(): Held {
    return this.#totals;
  }

  /** Messages that wait for their commit, and those in the one under way. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** Age of the oldest message in ms, as of a second ago. */
  get oldestAge(): number {
    return this.#oldestAge;
  }

  /** Why messages cannot be written; undefined when the last commit worked. */
  get failure(): string | undefined {
    return this.#commits.failure;
  }

  /** Accepts a message. False while its inbox is known to be full; it may also be refused later, at its commit. */
  store(id: ClientId, message: Uint8Array, tag?: Uint8Array): boolean {
    const inbox = this.sealer.pseudonym(id);
    const full = this.#full.get(inbox);
    if (full !== undefined) {
      if (performance.now() < full.until) {
        this.#refuse(full.refusal, 1);
        return false;
      }
      this.#full.delete(inbox);
    }
    this.#queue.add(inbox, { message, tag: tag && tagNumber(tag) });
    this.#commits.start();
    if (this.#pushesEarly) this.#readers.get(hintOf(inbox))?.hasten();
    return true;
  }

  /** Calls `then` after a commit; at once while commits fail or are slow, or too many wait. */
  admit(tag: Uint8Array, then: (isNew: boolean) => void): void {
    const waits = !this.#pushesEarly && this.#unstored.length < MAX_WAITING;
    this.#remember(tagNumber(tag), waits ? then : undefined);
    if (!waits) then(true);
  }

  /** As {@linkcode MessageStore.passCover} says: as counts, together with others. */
  passCover(id: ClientId): boolean {
    const inbox = this.sealer.pseudonym(id);
    if (this.#isFailing || this.#covers.size >= MAX_COVERED) return false;
    this.#covers.set(inbox, (this.#covers.get(inbox) ?? 0) + 1);
    if (!this.#isPassing) void this.#passCovers();
    return true;
  }

  /** undefined when there is room for more messages, else a promise that resolves when there may be. */
  room(): Promise<void> | undefined {
    if (this.#queue.waiting < MAX_WAITING) return undefined;
    this.#roomMade ??= Promise.withResolvers();
    return this.#roomMade.promise;
  }

  /** Reads a client's inbox from the start, once the database knows of the login. */
  openInbox(id: ClientId, nudge: () => void, superseded: () => void): PostgresqlInbox {
    const inbox = this.sealer.pseudonym(id);
    this.#readers.get(hintOf(inbox))?.close();
    const reader = new PostgresqlInbox(id, inbox, this.#readerStore, nudge, superseded);
    this.#readers.set(hintOf(inbox), reader);
    if (this.#prefetching.size < MAX_PREFETCHES) {
      this.#prefetching.add(reader);
      const read = this.server.run((sql) => this.#readOnce(sql, inbox, 0, PREFETCHED_CHUNKS));
      reader.prefetched = read.catch(() => undefined); // the reader reads again, after the commit
    }
    this.#opening.set(inbox, reader);
    this.#commits.start();
    return reader;
  }

  /** Resolves when everything stored and confirmed so far is committed, or given up. */
  async flush(): Promise<void> {
    await this.#commits.flush();
  }

  /** Writes this gateway's row. */
  async probe(): Promise<void> {
    await this.server.run((sql) =>
      sql`update nym_gateway.gateways set seen = now() where gateway = ${this.#gateway}::text::bigint`
    );
  }

  /** Gives up commits that still fail after `patience` ms, and from now on those that are not answered in a few seconds. */
  endRetries(patience: number): void {
    if (!this.#commits.isEnding) this.#abandonSilent();
    this.#commits.endRetries(patience);
  }

  /** Commits what waits, and closes all readers. What cannot be written is counted as lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#commits.isEnding) this.endRetries(0);
    await this.flush();
    this.#isClosed = true;
    clearTimeout(this.#confirmTimer);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const reader of [...this.#readers.values()]) reader.close();
    this.#refusals[Symbol.dispose]();
  }

  get #pushesEarly(): boolean {
    return this.#isFailing || this.#isSlow;
  }

  /** Has the next commit take the tag of a packet with nothing to store, if not too many wait. */
  #remember(tag: bigint, then?: (isNew: boolean) => void): void {
    if (this.#unstored.length >= MAX_WAITING) return;
    this.#unstored.push({ tag, then });
    this.#commits.start();
  }

  #dropEarly(inbox: Pseudonym, count: number): number {
    const dropped = this.#queue.drop(inbox, count);
    for (const { tag } of dropped) if (tag !== undefined) this.#remember(tag);
    if (dropped.length > 0) this.#makeRoom();
    return dropped.length;
  }

  #closeInbox(reader: PostgresqlInbox): void {
    const { inbox } = reader;
    if (this.#readers.get(hintOf(inbox)) === reader) this.#readers.delete(hintOf(inbox));
    if (this.#opening.get(inbox) === reader) this.#opening.delete(inbox);
    this.#prefetching.delete(reader);
    if (this.#underWay !== undefined && reader.hasConfirmedEarly) this.#leaving.set(inbox, reader);
  }

  #confirm({ inbox, epoch }: PostgresqlInbox, through: number): void {
    this.#confirmations.set(inbox, { through, epoch: epoch! });
    this.#confirmTimer ??= setTimeout(() => {
      this.#confirmTimer = undefined;
      this.#commits.start();
    }, CONFIRM_DELAY);
  }

  /** Everything that waits, within bounds. */
  #take(): Commit | undefined {
    const places = new Map<Pseudonym, Place>();
    const placeOf = (inbox: Pseudonym): Place => {
      let place = places.get(inbox);
      if (place === undefined) places.set(inbox, place = { inbox });
      return place;
    };
    for (const portion of this.#queue.take(MAX_COMMIT_INBOXES, MAX_COMMIT_BYTES)) {
      placeOf(portion.inbox).portion = portion;
    }
    for (const [inbox, confirmation] of this.#confirmations) placeOf(inbox).confirmation = confirmation;
    for (const inbox of this.#opening.keys()) placeOf(inbox).opens = true;
    const unstored = this.#unstored;
    if (places.size === 0 && unstored.length === 0) return undefined;
    this.#unstored = [];
    clearTimeout(this.#confirmTimer);
    this.#confirmTimer = undefined;
    this.#confirmations.clear();
    const openings = new Map(this.#opening);
    this.#opening.clear();
    const all = [...places.values()];
    const allowed = inboxAllowance(this.limits, {
      messages: this.#totals.messages + this.#queue.waiting,
      bytes: this.#totals.bytes + this.#queue.bytes,
    });
    const days = Math.ceil(this.replayWindow / DAY);
    const number = ++this.#number;
    const isVisit = all.length === 1 && all[0]!.portion === undefined && unstored.length === 0;
    const statement = isVisit ? new Visit(this.#gateway, number, all[0]!) : new Batch(
      this.#gateway,
      number,
      { days, ...allowed },
      all,
      unstored.map(({ tag }) => tag),
      this.sealer,
    );
    this.#underWay = statement;
    let outcomes: Outcomes | undefined;
    let attempts = 0;
    return {
      changes: {
        commit: async () => {
          attempts++;
          outcomes = await this.#send(statement);
        },
      },
      written: () => {
        this.#underWay = undefined;
        all.forEach((place, i) => this.#written(place, outcomes!.places[i]!, outcomes!.replayed, allowed));
        this.#leaving.clear();
        for (const [inbox, reader] of openings) {
          const { epoch, confirmed, last } = outcomes!.places[all.indexOf(places.get(inbox)!)]!;
          reader.opened(epoch, confirmed, last);
          this.#prefetching.delete(reader);
        }
        // The answer may know of a login elsewhere that came after its first copy: the epoch is that one's.
        if (attempts > 1 && openings.size > 0) void this.#sweepSoon();
        for (const { tag, then } of unstored) {
          if (then === undefined) continue;
          const isNew = !outcomes!.replayed.has(tag);
          if (!isNew) this.count("packets_dropped_replayed");
          then(isNew);
        }
        this.#makeRoom();
      },
      givenUp: () => this.#givenUp(all),
    };
  }

  async #send(statement: CommitStatement): Promise<Outcomes> {
    this.#sending = statement;
    let isSlow = false;
    const slow = setTimeout(() => {
      isSlow = this.#isSlow = true;
      this.#hasten();
    }, this.timings.slow);
    try {
      const outcomes = await this.server.runAtOnce((sql) => statement.send(sql));
      this.#isFailing = false;
      this.#isSlow = isSlow;
      return outcomes;
    } catch (error) {
      this.#isFailing = true;
      this.#hasten();
      throw error;
    } finally {
      clearTimeout(slow);
      this.#sending = undefined;
    }
  }

  /** Clients that are online get what waits for its commit. */
  #hasten(): void {
    for (const inbox of this.#queue.inboxes) this.#readers.get(hintOf(inbox))?.hasten();
  }

  #abandonSilent(): void {
    if (this.#isClosed) return;
    const sent = this.#sending;
    this.#in(this.timings.silence, () => {
      if (sent !== undefined && this.#sending === sent) this.server.abandon();
      this.#abandonSilent();
    });
  }

  #written({ inbox, portion }: Place, outcome: Outcome, replayed: ReadonlySet<bigint>, allowed: Held): void {
    if (portion === undefined) return;
    if (outcome.stored) {
      this.#queue.settle(portion, []);
      const { length } = portion.messages;
      this.count("messages_stored", length);
      const reader = this.#readers.get(hintOf(inbox));
      if (outcome.last === 0) {
        reader?.refused(portion.messages.map(() => false)); // it is not known with which numbers
        reader?.hint();
      } else {
        const messages = portion.messages.map(({ message }) => message);
        for (const each of [this.#leaving.get(inbox), reader]) each?.landed(outcome.last - length + 1, messages);
      }
      return;
    }
    const fresh = portion.messages.filter(({ tag }) => tag === undefined || !replayed.has(tag));
    if (fresh.length < portion.messages.length) {
      this.count("packets_dropped_replayed", portion.messages.length - fresh.length);
      return this.#putBack(portion, fresh);
    }
    let { messages, bytes } = outcome;
    const fitting = fresh.findIndex(({ message }) =>
      ++messages > allowed.messages || (bytes += message.length) > allowed.bytes
    );
    const kept = fitting < 0 ? fresh : fresh.slice(0, fitting);
    this.#putBack(portion, kept);
    if (fitting < 0) return; // something has left it meanwhile
    const isFull = messages > this.limits.inboxMessages || bytes > this.limits.inboxBytes;
    const refusal = isFull ? "inbox_full" : "mailbox_full";
    this.#full.set(inbox, { until: performance.now() + FULL_FOR, refusal });
    this.#refuse(refusal, fresh.length - kept.length);
  }

  /** What `stays` of a portion that was refused waits for the next commit; its packets are admitted. */
  #putBack(portion: Portion, stays: readonly Waiting[]): void {
    const staying = new Set(stays);
    this.#readers.get(hintOf(portion.inbox))?.refused(portion.messages.map((each) => staying.has(each)));
    this.#queue.settle(portion, stays.map(admitted));
  }

  #givenUp(places: readonly Place[]): void {
    this.#underWay = undefined;
    this.#leaving.clear();
    let lost = 0;
    for (const { portion } of places) {
      if (portion === undefined) continue;
      this.#readers.get(hintOf(portion.inbox))?.refused(portion.messages.map(() => false));
      this.#queue.settle(portion, []);
      lost += portion.messages.length;
    }
    this.#makeRoom();
    if (lost === 0) return; // only confirmations and logins: those messages will be delivered once more
    log.error(`${lost} messages could not be written and are lost`);
    this.count("messages_lost", lost);
  }

  #refuse(refusal: Refusal, messages: number): void {
    this.count(`messages_refused_${refusal}`, messages);
    for (let i = 0; i < messages; i++) this.#refusals.note(refusal);
  }

  #makeRoom(): void {
    this.#roomMade?.resolve();
    this.#roomMade = undefined;
  }

  async #read(inbox: Pseudonym, after: number, isWanted: () => boolean): Promise<ReadInbox | undefined> {
    for (let isFirst = true; isWanted(); isFirst = false) {
      try {
        return await this.server.run(async (sql) => {
          if (!isWanted()) return undefined;
          const read = await this.#readOnce(sql, inbox, after, READ_CHUNKS);
          if (read !== undefined) return read;
          throw new Error("the database has another state than it had: is this its primary?");
        });
      } catch (error) {
        if (isFirst && isWanted()) log.warn(`cannot read stored messages, trying again until it works: ${error}`);
        await new Promise<void>((resolve) => this.#in(READ_AGAIN, resolve));
      }
    }
    return undefined;
  }

  /** Resolves with undefined when the database does not know the inbox, or is a standby. */
  async #readOnce(sql: Sql, inbox: Pseudonym, after: number, most: number): Promise<ReadInbox | undefined> {
    const rows = await sql<
      { epoch: string; home: string; top: string; last: string | null; id: Uint8Array; body: Uint8Array }[]
    >`
      select i.epoch, i.home, i.last as top, c.last, c.id, c.body
      from nym_gateway.inboxes i left join lateral (
        select last, id, body from nym_gateway.chunks
          where inbox = i.inbox and last > ${String(after)}::text::bigint order by last limit ${most}::integer
      ) c on true
      where i.inbox = decode(${inbox}::text, 'hex') and not pg_is_in_recovery() order by c.last`;
    const [first] = rows;
    if (first === undefined) return undefined;
    const chunks = first.last === null ? [] : rows;
    return {
      epoch: Number(first.epoch),
      isHere: first.home === this.#gateway,
      last: Number(first.top),
      chunks: chunks.map(({ last, id, body }) => ({
        last: Number(last),
        id: id.toHex(),
        value: this.sealer.open(body, chunkContext(inbox, id)),
      })),
      isAll: rows.length < most,
    };
  }

  /** One statement at a time: covers that come meanwhile go together with the next. */
  async #passCovers(): Promise<void> {
    this.#isPassing = true;
    await Promise.resolve(); // those of the same commit go together
    while (this.#covers.size > 0) {
      const some = [...this.#covers].slice(0, COVERED_AT_ONCE);
      for (const [inbox] of some) this.#covers.delete(inbox);
      const inboxes = `{${some.map(([inbox]) => `"\\\\x${inbox}"`).join()}}`;
      const counts = `{${some.map(([, count]) => count).join()}}`;
      await this.#quietly(
        "pass covers to other gateways",
        () =>
          this.server.run((sql) =>
            sql`select pg_notify('nym_gateway_' || i.home,
              'covers ' || string_agg(left(encode(i.inbox, 'hex'), ${HINT_DIGITS}::integer) || ':' || c.count, ' '))
            from unnest(${inboxes}::text::bytea[], ${counts}::text::integer[]) as c(inbox, count)
              join nym_gateway.inboxes i on i.inbox = c.inbox
            where i.home not in (0, ${this.#gateway}::text::bigint) group by i.home`
          ),
      );
    }
    this.#isPassing = false;
  }

  /**
   * Another gateway says that something has changed in these inboxes, or, with `*`, in any; or it passes covers, as in
   * `covers 0123…:2 89ab…:1`.
   */
  #hinted(hint: string): void {
    if (hint === "*") return void this.#sweepSoon();
    const [first, ...others] = hint.split(" ");
    if (first === "covers") return this.#covered(others);
    for (const start of [first!, ...others]) this.#readers.get(start)?.hint();
  }

  #covered(counts: readonly string[]): void {
    for (const each of counts) {
      const [start, count] = each.split(":");
      const reader = this.#readers.get(start!);
      for (let i = 0; reader !== undefined && i < Math.min(Number(count), MAX_COVERS); i++) {
        this.pushCover?.(reader.id);
      }
    }
  }

  /** One sweep at a time, however often others say that something has changed. */
  async #sweepSoon(): Promise<void> {
    this.#mustSweep = true;
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    while (this.#mustSweep) {
      this.#mustSweep = false;
      await this.#quietly("look for what other gateways have stored", () => this.#sweep());
    }
    this.#isSweeping = false;
  }

  /** Asks about the inboxes of all clients that are online. */
  async #sweep(): Promise<void> {
    const readers = [...this.#readers.values()].filter(({ epoch }) => epoch !== undefined);
    for (let at = 0; at < readers.length; at += MAX_COMMIT_INBOXES) {
      const some = readers.slice(at, at + MAX_COMMIT_INBOXES);
      const list = `{${some.map(({ inbox }) => `"\\\\x${inbox}"`).join()}}`;
      const rows = await this.server.run((sql) =>
        sql<{ start: string; epoch: string; home: string; last: string }[]>`
          select left(encode(inbox, 'hex'), ${HINT_DIGITS}::integer) as start, epoch, home, last from nym_gateway.inboxes
            where inbox = any (${list}::text::bytea[])`
      );
      for (const { start, epoch, home, last } of rows) {
        this.#readers.get(start)?.look(Number(epoch), home === this.#gateway, Number(last));
      }
    }
  }

  async #tally(): Promise<void> {
    // Not from the start of the index: while a backup runs, that still has an entry for each chunk deleted since.
    const from = String((this.#oldest - SLOWEST) / 1000);
    const [row] = await this.server.run((sql) =>
      sql<{ messages: string; bytes: string; oldest: string | null; now: string }[]>`
        select sum(messages) as messages, sum(bytes) as bytes, extract(epoch from now()) * 1000 as now,
          (select extract(epoch from min(stored)) * 1000 from nym_gateway.chunks
            where stored >= to_timestamp(${from}::text::double precision)) as oldest
        from nym_gateway.gateways`
    );
    const { messages, bytes, oldest, now } = row!;
    this.#totals = { messages: Number(messages), bytes: Number(bytes) };
    if (oldest !== null) this.#oldest = Number(oldest);
    this.#oldestAge = oldest === null ? 0 : Math.max(0, Number(now) - this.#oldest);
  }

  /**
   * Creates and drops partitions, and removes what has expired. It skips what another gateway is working on, and leaves
   * what a backup blocks to the next round.
   */
  async #tend(): Promise<void> {
    const days = Math.ceil(this.replayWindow / DAY);
    await this.server.run((sql) => sql`select nym_gateway.tend(${String(days)}::text::integer)`).catch((error) => {
      if (error.cause !== LOCK_NOT_AVAILABLE) throw error; // partitions are created two days ahead
    });
    const { timeToLive } = this.limits;
    for (let expired = Infinity; timeToLive > 0 && expired > 0 && !this.#isClosed;) {
      const [row] = await this.server.run((sql) =>
        sql<{ expired: string }[]>`select nym_gateway.expire(${this.#gateway}::text::bigint,
          ${String(timeToLive)}::text::double precision, ${EXPIRED_AT_ONCE}::integer) as expired`
      );
      expired = Number(row!.expired);
      this.count("messages_expired", expired);
    }
  }

  #every(interval: number, work: () => Promise<void>): void {
    if (this.#isClosed) return;
    this.#in(interval, () => {
      this.#tending = this.#tending.then(() => this.#quietly("look after the database", work))
        .then(() => this.#every(interval, work));
    });
  }

  async #quietly(what: string, work: () => Promise<unknown>): Promise<void> {
    if (this.#isClosed) return;
    try {
      await work();
    } catch (error) {
      if (this.failure === undefined && !this.#isClosed) log.warn(`cannot ${what}, trying again in a while: ${error}`);
    }
  }

  #in(ms: number, call: () => void): void {
    if (this.#isClosed) return call();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      call();
    }, ms);
    this.#timers.add(timer);
  }
}

/** A message whose packet the database has admitted. */
function admitted({ message }: Waiting): Waiting {
  return { message, tag: undefined };
}

/** A tag of 8 bytes or more as the database keeps it. */
function tagNumber(tag: Uint8Array): bigint {
  return new DataView(tag.buffer, tag.byteOffset).getBigInt64(0);
}

function hintOf(inbox: Pseudonym): string {
  return inbox.slice(0, HINT_DIGITS);
}
