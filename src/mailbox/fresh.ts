import { type Chunk, CHUNK_OVERHEAD, encodeChunk, MAX_CHUNK_SIZE, sizeInChunk } from "./chunk.ts";
import { MAX_KEY_SIZE } from "./keys.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { SEAL_SIZE } from "./sealing.ts";
import type { Totals } from "./totals.ts";

/** What a value takes in a commit besides its contents. */
export const VALUE_OVERHEAD = MAX_KEY_SIZE + SEAL_SIZE;

/** A chunk with its client, and the value that is to be sealed. */
export interface NewChunk {
  readonly inbox: Pseudonym;
  readonly chunk: Chunk;
  readonly value: Uint8Array;
}

/** A message with its sequence number. */
export interface StoredMessage {
  readonly sequence: number;
  readonly message: Uint8Array;
}

/** One inbox's messages, with consecutive sequence numbers. */
interface FreshInbox {
  /** sequence number of the first message */
  first: number;
  readonly messages: Uint8Array[];
  /** so many of them, from the first on, are in the commit under way */
  taken: number;
  /** that many more of that commit were confirmed since, and are no longer here */
  confirmed: number;
}

/** What a confirmation has taken out. */
export interface Confirmed {
  readonly messages: number;
  /** those that will never be written, as they still waited for their commit */
  readonly unwritten: number;
  readonly unwrittenBytes: number;
}

/**
 * The messages that are not on the disk yet, each inbox's in order: those that wait for their commit, and those of the
 * commit under way. They get their sequence numbers here. Within an inbox these grow and never come twice, and while it
 * has messages here they follow each other; two inboxes may have messages of the same number.
 *
 * Its owner stops giving it more when too many wait (mailbox.ts).
 */
export class Fresh {
  readonly #inboxes = new Map<Pseudonym, FreshInbox>();
  #waiting = 0;
  #bytes = 0;

  /** @param totals whose `sequence` is the highest number given, to whichever inbox */
  constructor(private readonly totals: Pick<Totals, "sequence">) {}

  /** How many messages wait for a commit. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of the messages that wait for a commit. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  add(inbox: Pseudonym, message: Uint8Array): void {
    let fresh = this.#inboxes.get(inbox);
    if (fresh === undefined) {
      fresh = { first: this.totals.sequence + 1, messages: [], taken: 0, confirmed: 0 };
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

  /** All messages of an inbox up to this sequence number are on the disk, or have left it. */
  diskThrough(inbox: Pseudonym): number {
    const fresh = this.#inboxes.get(inbox);
    return fresh === undefined ? this.totals.sequence : fresh.first - 1;
  }

  /**
   * Takes as many of those that wait as go into so many values that take so many bytes together. They stay here until
   * they have {@linkcode landed}.
   * @param time of the chunks
   */
  take(time: number, values: number, bytes: number): NewChunk[] {
    const chunks: NewChunk[] = [];
    let left = bytes;
    for (const [inbox, fresh] of [...this.#inboxes]) {
      const { messages } = fresh;
      while (fresh.taken < messages.length && chunks.length < values) {
        let to = fresh.taken;
        let size = 0;
        const limit = Math.min(MAX_CHUNK_SIZE, left - VALUE_OVERHEAD - CHUNK_OVERHEAD);
        while (to < messages.length && size + sizeInChunk(messages[to]!) <= limit) size += sizeInChunk(messages[to++]!);
        if (to === fresh.taken) break;
        const part = messages.slice(fresh.taken, to);
        chunks.push({ inbox, ...encodeChunk(fresh.first + to - 1, time, part) });
        this.#waiting -= part.length;
        this.#bytes -= bytesOfAll(part);
        left -= size + VALUE_OVERHEAD + CHUNK_OVERHEAD;
        fresh.taken = to;
      }
      if (fresh.taken < messages.length) break;
      this.#inboxes.delete(inbox); // to the end, so that what comes next waits for others' turn
      this.#inboxes.set(inbox, fresh);
    }
    return chunks;
  }

  /** Messages of an inbox up to this sequence number have arrived: none of them is here any more. */
  confirm(inbox: Pseudonym, through: number): Confirmed {
    const fresh = this.#inboxes.get(inbox);
    const count = fresh === undefined ? 0 : Math.min(fresh.messages.length, through - fresh.first + 1);
    if (fresh === undefined || count <= 0) return { messages: 0, unwritten: 0, unwrittenBytes: 0 };
    const gone = fresh.messages.splice(0, count);
    fresh.first += count;
    const taken = Math.min(count, fresh.taken);
    fresh.taken -= taken;
    fresh.confirmed += taken;
    const unwritten = gone.slice(taken);
    const unwrittenBytes = bytesOfAll(unwritten);
    this.#waiting -= unwritten.length;
    this.#bytes -= unwrittenBytes;
    this.#tidy(inbox, fresh);
    return { messages: count, unwritten: unwritten.length, unwrittenBytes };
  }

  /** The commit with this chunk is over. Says how many of its messages were confirmed meanwhile: the first ones. */
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
