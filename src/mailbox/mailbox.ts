import { logger } from "../log.ts";
import { bytesOf, type Chunk, encodeChunk, MAX_CHUNK_SIZE, sizeInChunk } from "./chunk.ts";
import type { ClientId } from "./client_id.ts";
import { openDatabase } from "./database.ts";
import { InboxReader, type ReaderStore } from "./inbox_reader.ts";
import { inboxContext, inboxKey, MAX_KEY_SIZE } from "./keys.ts";
import { encodeMark } from "./mark.ts";
import { SEAL_SIZE, type Sealer } from "./sealing.ts";
import { readTotals, setTotals, type Totals } from "./totals.ts";

const log = logger("nym_gateway::mailbox");

/** The database takes 819,200 bytes and 1000 mutations in a commit; the totals take one and a little. */
const MAX_COMMIT_SIZE = 800_000;
/** What a value takes in a commit besides its contents. */
const VALUE_OVERHEAD = MAX_KEY_SIZE + SEAL_SIZE;
const MAX_COMMIT_MUTATIONS = 990;
/** Of these, so that stores never wait behind removals. */
const MAX_COMMIT_REMOVALS = 500;
/**
 * Messages that wait for their commit; beyond it there is no room, and the way in stops reading. In number, as each keeps
 * its packet's 1372 bytes in memory however short it is: some 11 MB.
 */
const MAX_WAITING = 8192;
/** Removals ride along with stores; without any, they go together after this many ms, or when a commit would be full. */
const REMOVAL_DELAY = 20;
/** Written by the mailbox's health check, over and over. */
const PROBE_KEY = ["probe"];
/** A failed commit is tried again after this many ms, then twice as many, and so on up to the maximum. */
const RETRY = 100;
const MAX_RETRY = 5_000;

/** One change of an inbox that follows from confirmations. */
export interface Removal {
  id: ClientId;
  /** what goes: a chunk, by its last sequence number, or the mark at CONFIRMED */
  last: number;
  /** what is in it */
  messages: number;
  bytes: number;
  /** the mark is not to go, but to be set to this */
  mark?: number;
}

type Count = (name: string, n?: number) => void;

/** What one commit does. Its chunks are made once and kept over retries, as are their sequence numbers. */
interface Commit {
  chunks: { id: ClientId; chunk: Chunk; value: Uint8Array }[];
  removals: Removal[];
}

/**
 * The messages of all clients, on disk until their delivery is confirmed.
 *
 * Group commit: a commit starts when the previous one has ended and takes all that waits, within the database's
 * limits; a message counts as stored when its commit is on the disk, and only then its client's reader is nudged.
 * Sequence numbers are given in order of arrival over all clients, so they grow within each inbox and never come twice.
 */
export class Mailbox implements ReaderStore {
  readonly kv: Deno.Kv;
  readonly #readers = new Map<ClientId, InboxReader>();
  readonly #waiting = new Map<ClientId, Uint8Array[]>();
  #waitingCount = 0;
  /** bounded by what readers have handed out and not had confirmed (inbox_reader.ts) */
  #removals: Removal[] = [];
  #committing: Removal[] = [];
  #loop: Promise<void> | undefined;
  #committed = Promise.withResolvers<void>();
  #removalTimer: ReturnType<typeof setTimeout> | undefined;
  #retry: { timer: ReturnType<typeof setTimeout>; now: () => void } | undefined;
  #closing = false;

  private constructor(
    kv: Deno.Kv,
    readonly sealer: Sealer,
    readonly totals: Totals,
    readonly count: Count,
    private readonly onCommit: (seconds: number) => void,
    private readonly syncAlong: () => Promise<void>,
  ) {
    this.kv = kv;
  }

  /**
   * Opens or makes the database file at `path`. `count` is told of messages_stored, of messages_lost (those that could
   * not be written by the time the mailbox was closed), messages_confirmed and stored_values_damaged; `onCommit` how long
   * each commit took. `syncAlong` is called with each commit, which is done when that has resolved too.
   */
  static async open(
    path: string,
    sealer: Sealer,
    count: Count = () => {},
    onCommit: (seconds: number) => void = () => {},
    syncAlong: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Mailbox> {
    const kv = await openDatabase(path, sealer);
    return new Mailbox(kv, sealer, await readTotals(kv, sealer), count, onCommit, syncAlong);
  }

  /** Takes a message (kept, not copied, until its commit) for a client. Ask for {@linkcode room} first. */
  store(id: ClientId, message: Uint8Array): void {
    const messages = this.#waiting.get(id);
    if (messages === undefined) this.#waiting.set(id, [message]);
    else messages.push(message);
    this.#waitingCount++;
    this.#start();
  }

  /** undefined when there is room for more messages, else a promise that there may be. */
  room(): Promise<void> | undefined {
    return this.#waitingCount < MAX_WAITING ? undefined : this.#committed.promise;
  }

  /** Messages that wait for their commit. */
  get waiting(): number {
    return this.#waitingCount;
  }

  /** Writes to the disk, to see whether that works. Throws what the database throws. */
  async probe(): Promise<void> {
    await this.kv.set(PROBE_KEY, Date.now());
  }

  /** Resolves when all that was stored and removed so far is on the disk. */
  async flush(): Promise<void> {
    this.#start();
    await this.#loop;
  }

  /**
   * Reads a client's inbox from the start; `nudge` is called whenever more has been stored. There is one reader for
   * each client: an older one's confirmations are void from now on.
   */
  openInbox(id: ClientId, nudge: () => void): InboxReader {
    this.#readers.get(id)?.close();
    const reader = new InboxReader(id, this, nudge);
    this.#readers.set(id, reader);
    return reader;
  }

  closeInbox(reader: InboxReader): void {
    if (this.#readers.get(reader.id) === reader) this.#readers.delete(reader.id);
  }

  get lastSequence(): number {
    return this.totals.sequence;
  }

  /** Waits for this client's removals to be on the disk: reading before would bring back what was confirmed. */
  async settled(id: ClientId): Promise<void> {
    const concerns = (removal: Removal) => removal.id === id;
    while (this.#removals.some(concerns) || this.#committing.some(concerns)) {
      this.#start();
      await this.#committed.promise; // not a flush, which has no end as long as messages keep coming
    }
  }

  remove(removals: Removal[]): void {
    for (const removal of removals) this.#removals.push(removal);
    if (this.#removals.length >= MAX_COMMIT_REMOVALS) this.#start();
    else this.#removalTimer ??= setTimeout(() => this.#start(), REMOVAL_DELAY);
  }

  /** Commits what waits and closes the database. What can't be written is counted as lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#retry?.now();
    await this.flush();
    clearTimeout(this.#removalTimer);
    for (const reader of this.#readers.values()) reader.close();
    this.kv.close();
  }

  #start(): void {
    this.#loop ??= this.#run();
  }

  async #run(): Promise<void> {
    await undefined; // a turn later, so that the first commit takes all the messages of a batch
    clearTimeout(this.#removalTimer);
    this.#removalTimer = undefined;
    while (this.#waiting.size > 0 || this.#removals.length > 0) {
      const commit = this.#take();
      this.#committing = commit.removals;
      if (await this.#write(commit)) this.#tell(commit);
      else this.#giveUp(commit);
      this.#committing = [];
      this.#committed.resolve();
      this.#committed = Promise.withResolvers();
    }
    this.#loop = undefined; // in the very turn in which nothing waits, so that what comes next starts it again
  }

  /** As much as one commit may have, in order. */
  #take(): Commit {
    const commit: Commit = { chunks: [], removals: [] };
    commit.removals = this.#removals.splice(0, MAX_COMMIT_REMOVALS);
    let mutations = commit.removals.length;
    let size = mutations * (VALUE_OVERHEAD + encodeMark(0).length);
    for (const [id, messages] of this.#waiting) {
      let from = 0;
      while (from < messages.length && mutations < MAX_COMMIT_MUTATIONS) {
        let to = from;
        let chunkSize = 0;
        const limit = Math.min(MAX_CHUNK_SIZE, MAX_COMMIT_SIZE - size - VALUE_OVERHEAD);
        while (to < messages.length && chunkSize + sizeInChunk(messages[to]!) <= limit) {
          chunkSize += sizeInChunk(messages[to++]!);
        }
        if (to === from) break;
        this.totals.sequence += to - from;
        commit.chunks.push({ id, ...encodeChunk(this.totals.sequence, messages.slice(from, to)) });
        mutations++;
        size += chunkSize + VALUE_OVERHEAD;
        this.#waitingCount -= to - from;
        from = to;
      }
      if (from === messages.length) this.#waiting.delete(id);
      else {
        messages.splice(0, from);
        break;
      }
    }
    return commit;
  }

  /** Writes a commit, however often it has to be tried; false when the mailbox is closing and it still fails. */
  async #write({ chunks, removals }: Commit): Promise<boolean> {
    for (const { chunk } of chunks) {
      this.totals.messages += chunk.messages.length;
      this.totals.bytes += bytesOf(chunk);
    }
    for (const { messages, bytes } of removals) {
      this.totals.messages -= messages;
      this.totals.bytes -= bytes;
    }
    const atomic = this.kv.atomic();
    setTotals(atomic, this.totals, this.sealer);
    for (const { id, last, mark } of removals) {
      if (mark !== undefined) this.#set(atomic, id, last, encodeMark(mark));
      else atomic.delete(inboxKey(this.sealer.pseudonym(id), last));
    }
    for (const { id, chunk, value } of chunks) this.#set(atomic, id, chunk.last, value);
    const begin = performance.now();
    for (let delay = RETRY;; delay = Math.min(2 * delay, MAX_RETRY)) {
      try {
        await Promise.all([atomic.commit(), this.syncAlong()]);
        this.onCommit((performance.now() - begin) / 1000);
        if (delay > RETRY) log.info("messages are written again");
        return true;
      } catch (error) {
        if (delay === RETRY) log.error(`cannot write messages, trying again until it works: ${error}`);
        if (this.#closing) return false;
        await new Promise<void>((resolve) => this.#retry = { timer: setTimeout(resolve, delay), now: resolve });
        clearTimeout(this.#retry!.timer);
        this.#retry = undefined;
      }
    }
  }

  /** Seals a value for its place in an inbox. */
  #set(atomic: Deno.AtomicOperation, id: ClientId, last: number, value: Uint8Array): void {
    const pseudonym = this.sealer.pseudonym(id);
    atomic.set(inboxKey(pseudonym, last), this.sealer.seal(value, inboxContext(pseudonym, last)));
  }

  #giveUp({ chunks }: Commit): void {
    const lost = countMessages(chunks);
    if (lost === 0) return; // removals: those messages come again
    log.error(`${lost} messages could not be written and are lost`);
    this.count("messages_lost", lost);
  }

  #tell({ chunks }: Commit): void {
    const nudged = new Set<InboxReader>();
    for (const { id, chunk } of chunks) {
      const reader = this.#readers.get(id);
      if (reader === undefined) continue;
      reader.stored(chunk);
      nudged.add(reader);
    }
    if (chunks.length > 0) this.count("messages_stored", countMessages(chunks));
    for (const reader of nudged) reader.nudge();
  }
}

function countMessages(chunks: Commit["chunks"]): number {
  return chunks.reduce((sum, { chunk }) => sum + chunk.messages.length, 0);
}
