import { bytesOf, type Chunk, decodeChunk, firstOf } from "./chunk.ts";
import { firstEntries } from "./entries.ts";
import { CONFIRMED, endOfInbox, INBOX, inboxContext, placeOf } from "./keys.ts";
import { decodeMark } from "./mark.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { Sealer } from "./sealing.ts";

/** The most entries that one step reads, in a millisecond or two. */
const STEP = 64;

/** A chunk or mark found by a walk. */
export interface Found {
  /** whose it is */
  readonly inbox: Pseudonym;
  /** the chunk's last sequence number; CONFIRMED for a mark without a chunk */
  readonly last: number;
  /** the number of its messages, including confirmed ones; 0 if it is damaged or a mark */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
  /** the number of unconfirmed messages */
  readonly waiting: number;
}

/**
 * One walk over all inboxes, in the order of their keys and a few entries at a time. It finds expired messages and, if
 * asked to, counts everything. Otherwise it reads only the beginning of each inbox, because later messages are younger.
 */
export class Walk {
  #next: Deno.KvKey | undefined;
  #confirmed = CONFIRMED;
  #marked: Pseudonym | undefined;
  /** the sequence number up to which all messages have expired, in any inbox */
  #expiredThrough = CONFIRMED;
  #oldest = Infinity;
  #ended = false;

  /**
   * Starts at the first inbox.
   *
   * @param sequence the last sequence number given
   * @param expiry in ms of the mailbox's clock: messages stored before it have expired
   * @param count called with all chunks; undefined if only expired ones matter
   */
  constructor(
    private readonly kv: Deno.Kv,
    private readonly sealer: Sealer,
    private readonly sequence: number,
    private readonly expiry: number,
    private readonly count: ((found: Found) => void) | undefined,
  ) {}

  /** Whether it has seen all inboxes. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * When the oldest remaining message found so far was stored, in ms of the mailbox's clock; Infinity if none was
   * found.
   */
  get oldest(): number {
    return this.#oldest;
  }

  /**
   * Takes a step; resolves with what has expired. Nothing may be committed during it.
   * @throws what the database throws
   */
  async step(): Promise<Found[]> {
    const range = { prefix: [INBOX], ...(this.#next !== undefined && { start: this.#next }) };
    const entries = await firstEntries(this.kv, range, STEP, () => {}); // the inbox's reader reports damage
    const expired: Found[] = [];
    let passed: Pseudonym | undefined;
    for (const { key, value } of entries) {
      const place = placeOf(key, this.sequence);
      if (place !== undefined && place.inbox === passed) continue;
      this.#next = [...key, 0]; // the key after it
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

  /** The mark is removed with the last chunk that it covers. */
  #outdatedMark(inbox: Pseudonym, last: number): Found[] {
    if (this.#marked !== inbox || this.#confirmed > last) return [];
    this.#marked = undefined;
    return [{ inbox, last: CONFIRMED, messages: 0, bytes: 0, waiting: 0 }];
  }
}
