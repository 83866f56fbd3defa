import { bytesOf, type Chunk, decodeChunk, firstOf } from "./chunk.ts";
import { firstEntries } from "./entries.ts";
import { CONFIRMED, endOfInbox, INBOX, inboxContext, placeOf } from "./keys.ts";
import { decodeMark } from "./mark.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { Sealer } from "./sealing.ts";

/** Entries that one step reads: a millisecond or two. */
const STEP = 64;

/** What was found in the mailbox. */
export interface Found {
  readonly inbox: Pseudonym;
  /** the chunk's last sequence number; CONFIRMED for a mark that no message needs any more */
  readonly last: number;
  readonly messages: number;
  readonly bytes: number;
  /** of the messages, those that are not confirmed */
  readonly waiting: number;
}

/**
 * One walk over all inboxes, in the order of their keys and a few entries at a time: it finds what has expired, and when
 * asked to counts all the rest. Else it sees only the beginning of each inbox, as what comes later is younger.
 */
export class Walk {
  #next: Deno.KvKey | undefined;
  #confirmed = CONFIRMED;
  #marked: Pseudonym | undefined;
  /** no message up to this sequence number is younger than one that has expired */
  #expiredThrough = CONFIRMED;
  #oldest = Infinity;
  #ended = false;

  /**
   * @param sequence the last sequence number that was given
   * @param expiry what was stored before it has expired, by the mailbox's clock
   * @param count is told of all chunks; undefined when only expired ones matter
   */
  constructor(
    private readonly kv: Deno.Kv,
    private readonly sealer: Sealer,
    private readonly sequence: number,
    private readonly expiry: number,
    private readonly count: ((found: Found) => void) | undefined,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  /** When the oldest message that stays was stored, as far as the walk has come; Infinity when there is none. */
  get oldest(): number {
    return this.#oldest;
  }

  /**
   * Goes on; resolves with what has expired. Nothing may be committed meanwhile.
   * @throws what the database throws
   */
  async step(): Promise<Found[]> {
    const range = { prefix: [INBOX], ...(this.#next !== undefined && { start: this.#next }) };
    const entries = await firstEntries(this.kv, range, STEP, () => {}); // damage is told to who reads the inbox
    const expired: Found[] = [];
    let passed: Pseudonym | undefined;
    for (const { key, value } of entries) {
      const place = placeOf(key, this.sequence);
      if (place !== undefined && place.inbox === passed) continue;
      this.#next = [...key, 0]; // what follows it
      if (place === undefined) continue;
      const { inbox, last } = place;
      const opened = this.sealer.open(value, inboxContext(inbox, last));
      if (last === CONFIRMED) {
        this.#marked = inbox;
        this.#confirmed = opened === undefined ? CONFIRMED : decodeMark(opened);
        continue;
      }
      const chunk = opened && decodeChunk(last, opened);
      const found = this.#found(inbox, last, chunk);
      this.count?.(found);
      if (chunk === undefined ? last <= this.#expiredThrough : chunk.time < this.expiry) {
        this.#expiredThrough = Math.max(this.#expiredThrough, last);
        expired.push(found, ...this.#outdatedMark(inbox, last));
      } else if (chunk !== undefined) {
        this.#oldest = Math.min(this.#oldest, chunk.time);
        if (this.count !== undefined) continue;
        passed = inbox;
        this.#next = endOfInbox(inbox);
      }
    }
    this.#ended = entries.length < STEP;
    return expired;
  }

  #found(inbox: Pseudonym, last: number, chunk: Chunk | undefined): Found {
    if (chunk === undefined) return { inbox, last, messages: 0, bytes: 0, waiting: 0 };
    const messages = chunk.messages.length;
    const confirmed = this.#marked === inbox ? Math.max(0, this.#confirmed - firstOf(chunk) + 1) : 0;
    return { inbox, last, messages, bytes: bytesOf(chunk), waiting: Math.max(0, messages - confirmed) };
  }

  /** The mark goes with the last chunk that it speaks of. */
  #outdatedMark(inbox: Pseudonym, last: number): Found[] {
    if (this.#marked !== inbox || this.#confirmed > last) return [];
    this.#marked = undefined;
    return [{ inbox, last: CONFIRMED, messages: 0, bytes: 0, waiting: 0 }];
  }
}
