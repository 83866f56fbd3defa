/**
 * Messages of one client that were committed together, as one database value: the time (8, a float), then for each
 * message its length (2, big-endian) ‖ the message. The key names the last message's sequence number; the others count
 * down from it.
 */
export interface Chunk {
  /** sequence number of the last message */
  readonly last: number;
  /** when they were stored, in ms by the mailbox's clock (totals.ts) */
  readonly time: number;
  /** views of one buffer, in order of arrival */
  readonly messages: readonly Uint8Array[];
}

const TIME_SIZE = 8;
const LENGTH_SIZE = 2;

/** Bytes of a chunk besides its messages. */
export const CHUNK_OVERHEAD: number = TIME_SIZE;

/**
 * The most bytes of a chunk's messages. A chunk is sealed as a whole, so one damaged byte loses all of it: at most
 * sixteen of the largest messages, as a bad block of a disk would. Chunks of 64 KiB, the database's limit for a value,
 * would save 1.5 µs per message, and lose four times as many.
 */
export const MAX_CHUNK_SIZE = 16_384;

/** Bytes that a message takes in a chunk, including its length field. */
export function sizeInChunk(message: Uint8Array): number {
  return LENGTH_SIZE + message.length;
}

/** Encodes messages of at most 65,535 bytes each: the value, and the chunk with its messages as views of that value. */
export function encodeChunk(
  last: number,
  time: number,
  messages: readonly Uint8Array[],
): { value: Uint8Array<ArrayBuffer>; chunk: Chunk } {
  const value = new Uint8Array(messages.reduce((size, message) => size + sizeInChunk(message), TIME_SIZE));
  new DataView(value.buffer).setFloat64(0, time);
  let at = TIME_SIZE;
  const views = messages.map((message) => {
    value[at] = message.length >> 8;
    value[at + 1] = message.length;
    value.set(message, at + LENGTH_SIZE);
    const view = value.subarray(at + LENGTH_SIZE, at + LENGTH_SIZE + message.length);
    at += sizeInChunk(message);
    return view;
  });
  return { value, chunk: { last, time, messages: views } };
}

/** The chunk in `value`, with its messages as views of it; undefined if it is torn or empty. */
export function decodeChunk(last: number, value: Uint8Array): Chunk | undefined {
  if (value.length < TIME_SIZE) return undefined;
  const time = new DataView(value.buffer, value.byteOffset).getFloat64(0);
  const messages: Uint8Array[] = [];
  for (let at = TIME_SIZE; at < value.length;) {
    const start = at + LENGTH_SIZE;
    if (start > value.length) return undefined;
    at = start + (value[at]! << 8 | value[at + 1]!);
    if (at > value.length) return undefined;
    messages.push(value.subarray(start, at));
  }
  return messages.length === 0 ? undefined : { last, time, messages };
}

/** Sequence number of the chunk's first message. */
export function firstOf(chunk: Chunk): number {
  return chunk.last - chunk.messages.length + 1;
}

/** Bytes of the messages themselves, without length fields. */
export function bytesOf({ messages }: Pick<Chunk, "messages">): number {
  return messages.reduce((sum, message) => sum + message.length, 0);
}
