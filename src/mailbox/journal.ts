import { ALL, entriesOf } from "./entries.ts";
import { bytesOfPseudonym, type Pseudonym, pseudonymOf } from "./pseudonym.ts";
import { SEAL_SIZE, type Sealer } from "./sealing.ts";

/** Keys: `["journal", 32 constant bytes, number]`, shaped like an inbox's, so that entries.ts can skip damaged ones. */
export const JOURNAL = "journal";
const PREFIX = [JOURNAL, new Uint8Array(32).fill(1)];

const PSEUDONYM_SIZE = 32;
const NUMBER_SIZE = 8;
const LENGTH_SIZE = 2;
const HEAD_SIZE = PSEUDONYM_SIZE + NUMBER_SIZE + LENGTH_SIZE;
/** In place of a message's length: marks a note of the number up to which the inbox's messages have left. */
const GONE = 0xffff;

/** The most notes of what has left that one commit writes: three pages. Many clients may confirm while a commit fails. */
const MAX_GONE = 4096;

/** Bytes that a record takes besides its message. */
export const RECORD_OVERHEAD: number = HEAD_SIZE;
/** The most bytes of a page's records, below the database's limit of 65,536 bytes for a value. */
export const MAX_PAGE_SIZE = 65_536 - SEAL_SIZE - 512;

/** A message in the journal, or a note that an inbox's messages up to `sequence` have left it. */
export interface JournalRecord {
  /** whose messages these are */
  readonly inbox: Pseudonym;
  /** the number of the message, or of the last one that has left; a safe integer above 0 */
  readonly sequence: number;
  /** at most 65,534 bytes; undefined in a note of what has left */
  readonly message?: Uint8Array;
}

/** One value of the journal. */
export interface Page {
  /** counts from 1 in each run, in order of time; part of its key */
  readonly number: number;
  /** bytes of its records */
  readonly size: number;
  /** when it was written, in ms of the mailbox's clock */
  readonly time: number;
  /** the number of its messages that are neither confirmed nor moved */
  left: number;
}

/** A note that messages up to a sequence number have left the journal. */
interface Gone {
  through: number;
  /** the last page that contains any of them */
  page: Page;
}

/** A page not written yet. */
export interface NewPage {
  /** the number of its {@linkcode Page} */
  readonly number: number;
  /** its encoded records, not sealed yet */
  readonly value: Uint8Array<ArrayBuffer>;
}

/**
 * The messages of connected clients, from all inboxes in order of time. Each commit writes one page or a few, whereas
 * separate inboxes would take a database page for each client. The messages also stay in memory (fresh.ts), so the
 * journal is read only at the next start. Confirmed messages leave it; those that stay too long move to their inboxes.
 *
 * Pages are deleted in order, each once nothing is left in it. What has left an earlier page that still exists is noted
 * in a later one, so that it does not return after a crash. The note is deleted with its own page, after those pages.
 *
 * A page is a series of records: pseudonym (32) ‖ sequence number (8, a float) ‖ length (2, big-endian) ‖ message.
 */
export class Journal {
  readonly #pages: Page[] = [];
  readonly #gone = new Map<Pseudonym, Gone>();
  #last = 0;
  #size = 0;
  #isFrozen = false;

  /** The oldest page, the next to be deleted; undefined if the journal is empty. */
  get first(): Page | undefined {
    return this.#pages[0];
  }

  /** The bytes of the records of all pages. */
  get size(): number {
    return this.#size;
  }

  /** Whether the next commit should write a note of something that has left. */
  get hasNews(): boolean {
    return !this.#isFrozen && (this.#gone.size > 0 || this.first?.left === 0);
  }

  /** The most bytes that the next commit's notes of what has left will take. */
  get goneSize(): number {
    return Math.min(this.#gone.size, MAX_GONE) * HEAD_SIZE;
  }

  /**
   * Freezes the journal after a commit was given up, because its changes are not on the disk: from now on nothing
   * leaves the journal, and the next start delivers its contents again.
   */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Whether {@linkcode freeze} was called. It stays frozen. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /**
   * The number of the last page whose messages must move to their inboxes, because it was written up to `time`, or
   * because it and the older ones are too much for the journal to have only `most` bytes. 0 if nothing must move.
   */
  stale(time: number, most: number): number {
    if (this.#isFrozen) return 0;
    let stale = 0;
    let size = this.#size;
    for (const page of this.#pages) {
      if (page.time > time && size <= most) break;
      if (page.left > 0) stale = page.number;
      size -= page.size;
    }
    return stale;
  }

  /** Messages of an inbox up to number `through` have left; the last of them was in `page`. */
  leave(inbox: Pseudonym, through: number, page: Page): void {
    this.#gone.delete(inbox); // so that the latest is the last
    this.#gone.set(inbox, { through, page });
  }

  /** Forgets up to `most` of the oldest pages if nothing is left in them, and returns their numbers. */
  takeEmpty(most: number): number[] {
    if (this.#isFrozen) return [];
    let count = 0;
    while (count < most && this.#pages[count]?.left === 0) this.#size -= this.#pages[count++]!.size;
    return this.#pages.splice(0, count).map(({ number }) => number);
  }

  /**
   * Forgets the latest notes of what has left, because what moves to an inbox must be noted in the same commit. Returns
   * those that must be written, because a page still contains it.
   */
  takeGone(): JournalRecord[] {
    if (this.#isFrozen) return [];
    const first = this.first?.number ?? Infinity;
    const records: JournalRecord[] = [];
    let staying = this.#gone.size - MAX_GONE;
    for (const [inbox, { through, page }] of this.#gone) {
      if (staying-- > 0) continue;
      this.#gone.delete(inbox);
      if (page.number >= first) records.push({ inbox, sequence: through });
    }
    return records;
  }

  /** Appends a page with `size` bytes of records, at `time` in ms of the mailbox's clock. */
  add(size: number, time: number): Page {
    const page = { number: ++this.#last, size, time, left: 0 };
    this.#pages.push(page);
    this.#size += size;
    return page;
  }
}

/** The database's key of the page with this number. */
export function pageKey(number: number): Deno.KvKey {
  return [...PREFIX, number];
}

/** The context in which a page is sealed: its number. */
export function pageContext(number: number): Uint8Array {
  return new TextEncoder().encode(`${JOURNAL} ${number}`);
}

/** The bytes that a record takes in a page, including its head. */
function sizeOfRecord({ message }: JournalRecord): number {
  return HEAD_SIZE + (message?.length ?? 0);
}

/** Encodes records as a page. */
export function encodePage(records: readonly JournalRecord[]): Uint8Array<ArrayBuffer> {
  const page = new Uint8Array(records.reduce((size, record) => size + sizeOfRecord(record), 0));
  const view = new DataView(page.buffer);
  let at = 0;
  for (const record of records) {
    const { inbox, sequence, message } = record;
    page.set(bytesOfPseudonym(inbox), at);
    view.setFloat64(at + PSEUDONYM_SIZE, sequence);
    view.setUint16(at + PSEUDONYM_SIZE + NUMBER_SIZE, message?.length ?? GONE);
    if (message !== undefined) page.set(message, at + HEAD_SIZE);
    at += sizeOfRecord(record);
  }
  return page;
}

/** The records of a page; undefined if it is torn. Their messages are views of it. */
export function decodePage(page: Uint8Array): JournalRecord[] | undefined {
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  const records: JournalRecord[] = [];
  for (let at = 0; at < page.length;) {
    const start = at + HEAD_SIZE;
    if (start > page.length) return undefined;
    const inbox = pseudonymOf(page.subarray(at, at + PSEUDONYM_SIZE));
    const sequence = view.getFloat64(at + PSEUDONYM_SIZE);
    const length = view.getUint16(at + PSEUDONYM_SIZE + NUMBER_SIZE);
    if (!Number.isSafeInteger(sequence) || sequence <= 0) return undefined;
    at = length === GONE ? start : start + length;
    if (at > page.length) return undefined;
    records.push(length === GONE ? { inbox, sequence } : { inbox, sequence, message: page.subarray(start, at) });
  }
  return records;
}

/** The contents of a journal. */
export interface JournalContents {
  /** the messages of each inbox, in order */
  readonly inboxes: Map<Pseudonym, Required<JournalRecord>[]>;
  /** the numbers of all pages in order, including damaged ones */
  readonly numbers: number[];
}

/** Reads the journal of a database. `onDamaged` is called for each damaged page. Throws what the database throws. */
export async function readJournal(kv: Deno.Kv, sealer: Sealer, onDamaged: () => void): Promise<JournalContents> {
  const inboxes = new Map<Pseudonym, Required<JournalRecord>[]>();
  const numbers: number[] = [];
  for await (const { key, value } of entriesOf(kv, { prefix: PREFIX }, ALL, onDamaged)) {
    const number = key[2];
    if (typeof number !== "number") {
      onDamaged();
      continue;
    }
    numbers.push(number);
    const page = sealer.open(value, pageContext(number));
    const records = page && decodePage(page);
    if (records === undefined) onDamaged();
    for (const { inbox, sequence, message } of records ?? []) {
      const messages = inboxes.get(inbox) ?? [];
      if (message !== undefined) messages.push({ inbox, sequence, message });
      inboxes.set(inbox, message !== undefined ? messages : messages.filter((each) => each.sequence > sequence));
    }
  }
  return { inboxes, numbers };
}
