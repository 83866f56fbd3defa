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

/** Most bytes that a value takes in a commit besides its contents: its key and its seal. */
export const VALUE_OVERHEAD: number = MAX_KEY_SIZE + SEAL_SIZE;

/** The share of a commit that inboxes may take while something goes into the journal too. */
const INBOXES_SHARE = 3 / 4;
/** Pages of the journal that go with one commit. */
const MAX_EMPTIED = 64;

/** A chunk with its client, and the value that is to be sealed. */
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
  /** from 1 on, growing within an inbox */
  readonly sequence: number;
  /** as the client gets it; must not be changed */
  readonly message: Uint8Array;
}

/** One inbox's messages, with consecutive sequence numbers: first those taken, then those in the journal, then the rest. */
interface FreshInbox {
  /** sequence number of the first message */
  first: number;
  readonly messages: Uint8Array[];
  /** how many of them go to the inbox itself with the commit under way */
  taken: number;
  /** how many more of these were confirmed since, and are no longer here */
  confirmed: number;
  /** where those in the journal are, each in its page */
  readonly pages: Page[];
}

/** What a confirmation has taken out. */
export interface Confirmed {
  /** all of them, those of the commit under way included */
  readonly messages: number;
  /** those that will never be written, as they still waited for their commit */
  readonly unwritten: number;
  /** bytes of the unwritten ones */
  readonly unwrittenBytes: number;
  /** those that were in the journal, or are in the page of it that is being written */
  readonly journaled: number;
  /** bytes of the journaled ones */
  readonly journaledBytes: number;
}

const NOTHING: Confirmed = { messages: 0, unwritten: 0, unwrittenBytes: 0, journaled: 0, journaledBytes: 0 };

/** What goes to the disk with one commit. */
export interface Taken {
  /** those of one inbox in order of sequence numbers */
  readonly chunks: readonly NewChunk[];
  /** pages to append to the journal, in order */
  readonly pages: readonly NewPage[];
  /** pages that are no longer needed, by number */
  readonly emptied: readonly number[];
  /** of the messages in chunks and pages, those that were not in the journal before */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
}

/**
 * The messages that are not in their inboxes on the disk yet, each inbox's in order: those in the journal, those of the
 * commit under way, and those that wait for theirs. They get their sequence numbers here. Within an inbox these grow and
 * are never reused, and they are consecutive while it has messages here; two inboxes may have messages of the same number.
 *
 * Its owner stops giving it more when too many wait (mailbox.ts).
 */
export class Fresh {
  readonly #inboxes = new Map<Pseudonym, FreshInbox>();
  #waiting = 0;
  #bytes = 0;

  /**
   * Holds nothing at first.
   *
   * @param totals its `sequence` is the highest number given in any inbox, and is raised here
   */
  constructor(private readonly totals: Pick<Totals, "sequence">, private readonly journal: Journal) {}

  /** Messages that wait for a commit. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of the messages that wait for a commit. */
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

  /** The first message of an inbox after this sequence number, if one is here. */
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
   * Takes as many waiting messages as fit, into the journal for clients that keep up and to their inboxes for the others.
   * An inbox that takes any also gets what it has in the journal, and so do all inboxes with a message in the page
   * `stale`. What goes to inboxes stays here until it has {@linkcode landed}.
   *
   * @param time ms, by the mailbox's clock
   * @param values how many values may be written or deleted
   * @param bytes how many bytes these may take together, keys and seals included
   */
  take(
    time: number,
    values: number,
    bytes: number,
    keepsUp: (inbox: Pseudonym) => boolean,
    stale: Page | undefined,
  ): Taken {
    const waiting = this.#waiting;
    const waitingBytes = this.#bytes;
    const chunks: NewChunk[] = [];
    const forJournal: [Pseudonym, FreshInbox][] = [];
    const forInboxes: [Pseudonym, FreshInbox][] = [];
    for (const each of this.#inboxes) {
      const [inbox, { messages, pages }] = each;
      const isStale = stale !== undefined && pages[0] === stale;
      if (!isStale && messages.length === pages.length) continue;
      const isForJournal = !isStale && (keepsUp(inbox) || this.journal.isFrozen && pages.length > 0);
      (isForJournal ? forJournal : forInboxes).push(each);
    }
    const share = forJournal.length > 0 ? INBOXES_SHARE : 1;
    let left = share * bytes;
    for (const [inbox, fresh] of forInboxes) {
      left -= this.#takeChunks(inbox, fresh, time, share * values - chunks.length, left, chunks);
    }
    const emptied = this.journal.takeEmpty(MAX_EMPTIED);
    left += (1 - share) * bytes;
    const pages = this.#takePages(forJournal, time, values - chunks.length - emptied.length, left);
    return { chunks, pages, emptied, messages: waiting - this.#waiting, bytes: waitingBytes - this.#bytes };
  }

  /** Returns how many bytes they take. */
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

  /** Fills pages. The records of what has left the journal come first. */
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
        // From now on what is in memory is the page, and not the packet that it came in.
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

  /** Moves an inbox to the end, so that its next messages wait for others' turn. */
  #putLast(inbox: Pseudonym, fresh: FreshInbox): void {
    this.#inboxes.delete(inbox);
    this.#inboxes.set(inbox, fresh);
  }

  /** Drops messages of an inbox up to sequence number `through`, as they have arrived. */
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

  /** Ends the commit with this chunk. Returns how many of its messages, the first ones, were confirmed meanwhile. */
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
