import { type Chunk, CHUNK_OVERHEAD, encodeChunk, MAX_CHUNK_SIZE, sizeInChunk } from "./chunk.ts";
import {
  encodePage,
  type Journal,
  type JournalRecord,
  MAX_PAGE_SIZE,
  type NewPage,
  type Page,
  RECORD_OVERHEAD,
} from "./journal.ts";
import { MAX_KEY_SIZE } from "./keys.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { SEAL_SIZE } from "./sealing.ts";
import type { Totals } from "./totals.ts";

/** The most bytes that a value takes in a commit besides its contents: its key and its seal. */
export const VALUE_OVERHEAD: number = MAX_KEY_SIZE + SEAL_SIZE;

/** The share of a commit that inboxes may take if the journal gets something too. */
const INBOXES_SHARE = 3 / 4;
/**
 * Beyond this many inboxes in one commit, messages share the journal's pages, also those for clients that do not keep up:
 * a value for each inbox would cost more than to write them again later, when an inbox has more of them …
 */
const FEW_INBOXES = 16;
/** … unless it has as many as this already. */
const WORTH_A_VALUE = 16;
/** The most pages that one commit removes from the journal. */
const MAX_EMPTIED = 64;

/** A chunk with its client, and the value to seal. */
export interface NewChunk {
  /** whose messages they are */
  readonly inbox: Pseudonym;
  /** its messages are views of `value` */
  readonly chunk: Chunk;
  /** the encoded chunk, not sealed yet */
  readonly value: Uint8Array;
}

/** A message with its sequence number. */
export interface StoredMessage {
  /** at least 1; ascending within an inbox */
  readonly sequence: number;
  /** the number by which its client knows it, if that is not `sequence` (message_store.ts) */
  readonly number?: number;
  /** as the client receives it; must not be changed */
  readonly message: Uint8Array;
}

/**
 * One inbox's messages, with consecutive sequence numbers: first those taken, then those in the journal, then the rest.
 */
interface FreshInbox {
  /** sequence number of the first message */
  first: number;
  readonly messages: Uint8Array[];
  /** how many of them the current commit writes to the inbox itself */
  taken: number;
  /** how many more it writes that were confirmed meanwhile, and are no longer here */
  confirmed: number;
  /** the page of each message in the journal */
  readonly pages: Page[];
}

/** What a confirmation has removed. */
export interface Confirmed {
  /** all of them, including those of the current commit */
  readonly messages: number;
  /** those that will never be written, because they were still waiting for their commit */
  readonly unwritten: number;
  /** bytes of the unwritten ones */
  readonly unwrittenBytes: number;
  /** those in the journal, or in a page being written to it */
  readonly journaled: number;
  /** bytes of the journaled ones */
  readonly journaledBytes: number;
}

const NOTHING: Confirmed = { messages: 0, unwritten: 0, unwrittenBytes: 0, journaled: 0, journaledBytes: 0 };

/** What one commit writes. */
export interface Taken {
  /** in order of sequence numbers within each inbox */
  readonly chunks: readonly NewChunk[];
  /** pages to append to the journal, in order */
  readonly pages: readonly NewPage[];
  /** the numbers of pages that are no longer needed */
  readonly emptied: readonly number[];
  /** the messages in chunks and pages that were not in the journal before */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
}

/**
 * The messages that are not in their inboxes on the disk yet, in order within each inbox: those in the journal, those
 * of the current commit, and those waiting for one. They get their sequence numbers here. Within an inbox these ascend,
 * are never reused, and are consecutive while it has messages here; two inboxes may use the same number.
 *
 * It is bounded by its owner, which adds no more when too many are waiting (mailbox.ts).
 */
export class Fresh {
  readonly #inboxes = new Map<Pseudonym, FreshInbox>();
  #waiting = 0;
  #bytes = 0;

  /**
   * Empty at first.
   *
   * @param totals its `sequence` is the highest number given in any inbox, and is raised here
   */
  constructor(private readonly totals: Pick<Totals, "sequence">, private readonly journal: Journal) {}

  /** The number of messages waiting for a commit. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of the messages waiting for a commit. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Gives a message the inbox's next sequence number. The message is kept, not copied; check bounds first. */
  add(inbox: Pseudonym, message: Uint8Array): void {
    let fresh = this.#inboxes.get(inbox);
    if (fresh === undefined) {
      fresh = { first: this.totals.sequence + 1, messages: [], taken: 0, confirmed: 0, pages: [] };
      this.#inboxes.set(inbox, fresh);
    }
    fresh.messages.push(message);
    this.totals.sequence = Math.max(this.totals.sequence, lastOf(fresh));
    this.#waiting++;
    this.#bytes += message.length;
  }

  /** The first message of an inbox after this sequence number, if it is here. */
  next(inbox: Pseudonym, after: number): StoredMessage | undefined {
    const fresh = this.#inboxes.get(inbox);
    if (fresh === undefined) return undefined;
    const sequence = Math.max(after + 1, fresh.first);
    const message = fresh.messages[sequence - fresh.first];
    return message && { sequence, message };
  }

  /** The sequence number up to which all messages of an inbox are on the disk, or have left it. */
  diskThrough(inbox: Pseudonym): number {
    const fresh = this.#inboxes.get(inbox);
    return fresh === undefined ? this.totals.sequence : fresh.first - 1;
  }

  /**
   * Takes as many waiting messages as fit, into the journal for clients that keep up, and for all if there are many
   * inboxes; otherwise to their inboxes. An inbox that gets any also gets its messages in the journal, and so do all
   * inboxes with a message in a page up to number `stale`. Messages written to inboxes stay here until they have
   * {@linkcode landed}.
   *
   * @param time in ms of the mailbox's clock
   * @param values how many values may be written or deleted
   * @param bytes how many bytes these may take together, keys and seals included
   * @param keepsUp undefined if the journal is to be emptied
   */
  take(
    time: number,
    values: number,
    bytes: number,
    keepsUp: ((inbox: Pseudonym) => boolean) | undefined,
    stale: number,
  ): Taken {
    const waiting = this.#waiting;
    const waitingBytes = this.#bytes;
    const chunks: NewChunk[] = [];
    const forJournal: [Pseudonym, FreshInbox][] = [];
    const forInboxes: [Pseudonym, FreshInbox][] = [];
    const forEither: [Pseudonym, FreshInbox][] = [];
    const { isFrozen } = this.journal;
    for (const each of this.#inboxes) {
      const [inbox, { messages, pages }] = each;
      const isStale = pages.length > 0 && pages[0]!.number <= stale;
      if (!isStale && messages.length === pages.length) continue;
      if (isStale) forInboxes.push(each);
      else if (keepsUp?.(inbox) || isFrozen && pages.length > 0) forJournal.push(each);
      else (messages.length < WORTH_A_VALUE ? forEither : forInboxes).push(each);
    }
    const areMany = forEither.length > FEW_INBOXES && keepsUp !== undefined && !isFrozen;
    (areMany ? forJournal : forInboxes).push(...forEither);
    const share = forJournal.length > 0 ? INBOXES_SHARE : 1;
    let left = share * bytes;
    for (const [inbox, fresh] of forInboxes) {
      left -= this.#takeChunks(inbox, fresh, time, share * values - chunks.length, left, chunks);
    }
    const emptied = this.journal.takeEmpty(Math.min(MAX_EMPTIED, values - chunks.length));
    left += (1 - share) * bytes;
    const pages = this.#takePages(forJournal, time, values - chunks.length - emptied.length, left);
    return { chunks, pages, emptied, messages: waiting - this.#waiting, bytes: waitingBytes - this.#bytes };
  }

  /** Adds to `chunks` what fits. Returns the number of bytes that it takes. */
  #takeChunks(
    inbox: Pseudonym,
    fresh: FreshInbox,
    time: number,
    values: number,
    bytes: number,
    chunks: NewChunk[],
  ): number {
    const { messages, pages } = fresh;
    let used = 0;
    for (let count = 0; count < values && fresh.taken < messages.length; count++) {
      const from = fresh.taken;
      let to = from;
      let size = 0;
      const limit = Math.min(MAX_CHUNK_SIZE, bytes - used - VALUE_OVERHEAD - RECORD_OVERHEAD - CHUNK_OVERHEAD);
      while (to < messages.length && size + sizeInChunk(messages[to]!) <= limit) size += sizeInChunk(messages[to++]!);
      if (to === from) break;
      const part = messages.slice(from, to);
      chunks.push({ inbox, ...encodeChunk(fresh.first + to - 1, time, part) });
      used += size + VALUE_OVERHEAD + RECORD_OVERHEAD + CHUNK_OVERHEAD;
      fresh.taken = to;
      const moved = pages.splice(0, part.length);
      for (const page of moved) page.left--;
      if (moved.length > 0) this.journal.leave(inbox, fresh.first + from + moved.length - 1, moved.at(-1)!);
      const unwritten = part.slice(moved.length);
      this.#waiting -= unwritten.length;
      this.#bytes -= bytesOfAll(unwritten);
    }
    if (fresh.taken === messages.length) this.#putLast(inbox, fresh);
    return used;
  }

  /** Fills pages, with the notes of what has left the journal first. */
  #takePages(inboxes: [Pseudonym, FreshInbox][], time: number, values: number, bytes: number): NewPage[] {
    const pages: NewPage[] = [];
    let records: JournalRecord[] = [];
    let members: [FreshInbox, number][] = [];
    let size = 0;
    let used = 0;
    const end = () => {
      if (records.length === 0) return;
      const page = this.journal.add(size, time);
      const value = encodePage(records);
      let at = (records.length - members.length) * RECORD_OVERHEAD;
      for (const [fresh, index] of members) {
        const { length } = fresh.messages[index]!;
        // From now on the page stays in memory, and not the packet that the message arrived in.
        fresh.messages[index] = value.subarray(at + RECORD_OVERHEAD, at + RECORD_OVERHEAD + length);
        fresh.pages.push(page);
        at += RECORD_OVERHEAD + length;
      }
      page.left = members.length;
      pages.push({ number: page.number, value });
      records = [];
      members = [];
      size = 0;
    };
    for (const gone of this.journal.takeGone()) {
      if (size + RECORD_OVERHEAD > MAX_PAGE_SIZE) end();
      records.push(gone);
      size += RECORD_OVERHEAD;
      used += RECORD_OVERHEAD;
    }
    for (const [inbox, fresh] of inboxes) {
      const { messages } = fresh;
      for (let index = fresh.pages.length; index < messages.length; index++) {
        const message = messages[index]!;
        const more = RECORD_OVERHEAD + message.length;
        if (used + more + (pages.length + 1) * VALUE_OVERHEAD > bytes || pages.length + 1 > values) break;
        if (size + more > MAX_PAGE_SIZE) end();
        records.push({ inbox, sequence: fresh.first + index, message });
        members.push([fresh, index]);
        size += more;
        used += more;
        this.#waiting--;
        this.#bytes -= message.length;
      }
      this.#putLast(inbox, fresh);
    }
    end();
    return pages;
  }

  /** Moves an inbox to the end, so that other inboxes get their turn before its next messages. */
  #putLast(inbox: Pseudonym, fresh: FreshInbox): void {
    this.#inboxes.delete(inbox);
    this.#inboxes.set(inbox, fresh);
  }

  /** Drops an inbox's messages up to sequence number `through`, because they were delivered. */
  confirm(inbox: Pseudonym, through: number): Confirmed {
    const fresh = this.#inboxes.get(inbox);
    const count = fresh === undefined ? 0 : Math.min(fresh.messages.length, through - fresh.first + 1);
    if (fresh === undefined || count <= 0) return NOTHING;
    const gone = fresh.messages.splice(0, count);
    fresh.first += count;
    const taken = Math.min(count, fresh.taken);
    fresh.taken -= taken;
    fresh.confirmed += taken;
    const pages = fresh.pages.splice(0, count - taken);
    for (const page of pages) page.left--;
    if (pages.length > 0) this.journal.leave(inbox, fresh.first - 1, pages.at(-1)!);
    const unwritten = gone.slice(taken + pages.length);
    const unwrittenBytes = bytesOfAll(unwritten);
    this.#waiting -= unwritten.length;
    this.#bytes -= unwrittenBytes;
    this.#tidy(inbox, fresh);
    return {
      messages: count,
      unwritten: unwritten.length,
      unwrittenBytes,
      journaled: pages.length,
      journaledBytes: bytesOfAll(gone.slice(taken, taken + pages.length)),
    };
  }

  /** The chunk's commit has ended. Returns how many of its messages, from the first on, were confirmed meanwhile. */
  landed({ inbox, chunk }: NewChunk): number {
    const fresh = this.#inboxes.get(inbox)!;
    const confirmed = Math.min(fresh.confirmed, chunk.messages.length);
    const landing = chunk.messages.length - confirmed;
    fresh.messages.splice(0, landing);
    fresh.first += landing;
    fresh.taken -= landing;
    fresh.confirmed -= confirmed;
    this.#tidy(inbox, fresh);
    return confirmed;
  }

  #tidy(inbox: Pseudonym, { messages, confirmed }: FreshInbox): void {
    if (messages.length === 0 && confirmed === 0) this.#inboxes.delete(inbox);
  }
}

function lastOf({ first, messages }: FreshInbox): number {
  return first + messages.length - 1;
}

function bytesOfAll(messages: readonly Uint8Array[]): number {
  return messages.reduce((sum, { length }) => sum + length, 0);
}
