import { type Chunk, CHUNK_OVERHEAD, encodeChunk, MAX_CHUNK_SIZE, sizeInChunk } from "./chunk.ts";
import { MAX_KEY_SIZE } from "./keys.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { SEAL_SIZE } from "./sealing.ts";

/** What a value takes in a commit besides its contents. */
export const VALUE_OVERHEAD = MAX_KEY_SIZE + SEAL_SIZE;

/** A chunk with its client, and the value that is to be sealed. */
export interface NewChunk {
  readonly inbox: Pseudonym;
  readonly chunk: Chunk;
  readonly value: Uint8Array;
}

/** What waits to be committed, each client's messages in order. */
export class Queue {
  readonly #messages = new Map<Pseudonym, Uint8Array[]>();
  #count = 0;
  #bytes = 0;

  /** messages */
  get count(): number {
    return this.#count;
  }

  /** of the messages */
  get bytes(): number {
    return this.#bytes;
  }

  add(inbox: Pseudonym, message: Uint8Array): void {
    const messages = this.#messages.get(inbox);
    if (messages === undefined) this.#messages.set(inbox, [message]);
    else messages.push(message);
    this.#count++;
    this.#bytes += message.length;
  }

  /**
   * Takes as many messages as go into so many values that take so many bytes together.
   * @param sequence the last sequence number that was given
   * @param time of the chunks
   */
  take(sequence: number, time: number, values: number, bytes: number): NewChunk[] {
    const chunks: NewChunk[] = [];
    let left = bytes;
    for (const [inbox, messages] of this.#messages) {
      let from = 0;
      while (from < messages.length && chunks.length < values) {
        let to = from;
        let size = 0;
        const limit = Math.min(MAX_CHUNK_SIZE, left - VALUE_OVERHEAD - CHUNK_OVERHEAD);
        while (to < messages.length && size + sizeInChunk(messages[to]!) <= limit) size += sizeInChunk(messages[to++]!);
        if (to === from) break;
        sequence += to - from;
        chunks.push({ inbox, ...encodeChunk(sequence, time, messages.slice(from, to)) });
        left -= size + VALUE_OVERHEAD + CHUNK_OVERHEAD;
        from = to;
      }
      this.#taken(inbox, messages, from);
      if (from < messages.length) break;
    }
    return chunks;
  }

  #taken(inbox: Pseudonym, messages: Uint8Array[], count: number): void {
    if (count === messages.length) this.#messages.delete(inbox);
    const taken = messages.splice(0, count);
    this.#count -= count;
    this.#bytes -= taken.reduce((sum, { length }) => sum + length, 0);
  }
}
