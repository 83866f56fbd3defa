import { ALL, entriesOf } from "./entries.ts";
import { bytesOfPseudonym, type Pseudonym, pseudonymOf } from "./pseudonym.ts";
import { SEAL_SIZE, type Sealer } from "./sealing.ts";

/** Keys: `["journal", 32 bytes that are always the same, number]`: damage to them is passed as that to an inbox's is. */
const JOURNAL = "journal";
const PREFIX = [JOURNAL, new Uint8Array(32).fill(1)];

const PSEUDONYM_SIZE = 32;
const NUMBER_SIZE = 8;
const LENGTH_SIZE = 2;
const HEAD_SIZE = PSEUDONYM_SIZE + NUMBER_SIZE + LENGTH_SIZE;
/** In place of a message's length: the record says up to which number the inbox's messages are gone. */
const GONE = 0xffff;

/** Bytes that a record takes besides its message. */
export const RECORD_OVERHEAD = HEAD_SIZE;
/** The database takes 65,536 bytes as a value. */
export const MAX_PAGE_SIZE = 65_536 - SEAL_SIZE - 512;

/** A message of the journal, or that an inbox's messages up to `sequence` have left it: then without a `message`. */
export interface JournalRecord {
  readonly inbox: Pseudonym;
  readonly sequence: number;
  readonly message?: Uint8Array;
}

/** One value of the journal. */
export interface Page {
  readonly number: number;
  /** bytes of its records */
  readonly size: number;
  /** when it was written, in ms of the mailbox's clock */
  readonly time: number;
  /** messages that are neither confirmed nor moved */
  left: number;
}

/** Messages up to a sequence number have left the journal. */
interface Gone {
  through: number;
  /** the last page that has any of them */
  page: Page;
}

/** A page that is yet to be written. */
export interface NewPage {
  readonly number: number;
  readonly value: Uint8Array<ArrayBuffer>;
}

/**
 * Messages of clients that are online, of all inboxes together in order of time: one page a commit or a few, where an
 * inbox of one's own would take a page of the database for each client. They stay in memory as well (fresh.ts), so the
 * journal is read only at the next start. What is confirmed leaves it; what stays for long is moved to its inbox.
 *
 * Pages go from the first on, each when nothing is left in it. A record of what is gone is written as long as a page
 * before it has any of that, so that it does not come back after a crash; it goes with its own page, later than those.
 *
 * Record by record, a page has the pseudonym (32) ‖ sequence number (8, a float) ‖ length (2, big-endian) ‖ message.
 */
export class Journal {
  readonly #pages: Page[] = [];
  readonly #gone = new Map<Pseudonym, Gone>();
  #last = 0;
  #size = 0;
  #isFrozen = false;

  /** The first page, which goes first. */
  get first(): Page | undefined {
    return this.#pages[0];
  }

  /** Bytes of all pages. */
  get size(): number {
    return this.#size;
  }

  /** Whether something has left it that a commit should say. */
  get hasNews(): boolean {
    return !this.#isFrozen && (this.#gone.size > 0 || this.first?.left === 0);
  }

  /** Bytes that records take of what is gone, at most. */
  get goneSize(): number {
    return this.#gone.size * HEAD_SIZE;
  }

  /**
   * A commit was given up, so that what is in it and what it took out is not known to the disk: nothing leaves the journal
   * any more, and what was in it comes again at the next start.
   */
  freeze(): void {
    this.#isFrozen = true;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Messages of an inbox up to that number have left; the last of them was in `page`. */
  leave(inbox: Pseudonym, through: number, page: Page): void {
    this.#gone.set(inbox, { through, page });
  }

  /** The pages, at most so many, of which nothing is left: their numbers. They are forgotten. */
  takeEmpty(most: number): number[] {
    if (this.#isFrozen) return [];
    let count = 0;
    while (count < most && this.#pages[count]?.left === 0) this.#size -= this.#pages[count++]!.size;
    return this.#pages.splice(0, count).map(({ number }) => number);
  }

  /** What is gone and has to be written, as a page before its own has it. It is forgotten. */
  takeGone(): JournalRecord[] {
    if (this.#isFrozen) return [];
    const first = this.first?.number ?? Infinity;
    const records: JournalRecord[] = [];
    for (const [inbox, { through, page }] of this.#gone) {
      if (page.number >= first) records.push({ inbox, sequence: through });
    }
    this.#gone.clear();
    return records;
  }

  /** Begins a page. */
  add(size: number, time: number): Page {
    const page = { number: ++this.#last, size, time, left: 0 };
    this.#pages.push(page);
    this.#size += size;
    return page;
  }
}

export function pageKey(number: number): Deno.KvKey {
  return [...PREFIX, number];
}

/** What a page is bound to when it is sealed. */
export function pageContext(number: number): Uint8Array {
  return new TextEncoder().encode(`${JOURNAL} ${number}`);
}

/** Bytes that a record takes in a page. */
export function sizeOfRecord({ message }: JournalRecord): number {
  return HEAD_SIZE + (message?.length ?? 0);
}

/** The records as a page, and the places of their messages in it. */
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

/** The records of a page; undefined when it is torn. Their messages are views of it. */
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

/** What a journal holds. */
export interface JournalContents {
  /** each inbox's messages, in order */
  readonly inboxes: Map<Pseudonym, Required<JournalRecord>[]>;
  /** of all pages */
  readonly numbers: number[];
}

/** Reads the journal of a database. `onDamaged` is called for each damage that is met. */
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
