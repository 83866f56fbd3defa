import { bytesOf } from "./chunk.ts";
import { movedEntry } from "./ledger.ts";
import type { LedgerEntry } from "./ledger_table.ts";
import type { ChunkPlace, Movable, MovableFigures, MovedChunk } from "./movable.ts";
import type { Sealer } from "./sealing.ts";
import type { Held } from "./usage.ts";

/** Most bytes and chunks, or clients, that are moved together. */
const MOST_BYTES = 1_048_576;
const MOST_CHUNKS = 100;
const MOST_CLIENTS = 500;

/** Called whenever some chunks are copied or verified, with the place of the last one and the messages so far. */
export type OnMoved = (place: ChunkPlace, messages: number) => void;

/** Copies all chunks after a place, and all clients. What the target has already is left out. */
export async function copyMail(
  from: Movable,
  to: Movable,
  sealer: Sealer,
  after: ChunkPlace | undefined,
  onCopied: OnMoved,
): Promise<void> {
  let messages = 0;
  for await (const chunks of inGroups(from.chunks(after), MOST_CHUNKS, sizeOf)) {
    await to.take(chunks);
    messages += heldIn(chunks).messages;
    onCopied(chunks.at(-1)!, messages);
  }
  const [clock, newClock] = [await from.clock(), await to.clock()];
  for await (const clients of inGroups(intact(from, sealer, clock, newClock), MOST_CLIENTS)) {
    await to.takeClients(clients);
  }
  await to.finish();
}

/**
 * Looks for every chunk and every client of one store in the other.
 * @returns what was found, which is all
 * @throws {Error} when something is missing
 */
export async function verifyMail(
  from: Movable,
  to: Movable,
  sealer: Sealer,
  onVerified: OnMoved,
): Promise<MovableFigures> {
  const found = { messages: 0, bytes: 0, inboxes: 0, clients: 0 };
  let last: string | undefined;
  for await (const chunks of inGroups(from.chunks(), MOST_CHUNKS, sizeOf)) {
    const held = await to.heldOf(chunks);
    const { messages, bytes } = heldIn(chunks);
    if (held.messages !== messages || held.bytes !== bytes) {
      throw new Error(`of ${messages} messages with ${bytes} bytes, ${held.messages} with ${held.bytes} have arrived`);
    }
    found.messages += messages;
    found.bytes += bytes;
    for (const { inbox } of chunks) {
      if (inbox !== last) found.inboxes++;
      last = inbox;
    }
    onVerified(chunks.at(-1)!, found.messages);
  }
  for await (const clients of inGroups(intact(from, sealer, 0, 0), MOST_CLIENTS)) {
    const held = await to.clientsOf(clients);
    if (held !== clients.length) throw new Error(`of ${clients.length} clients, ${held} have arrived`);
    found.clients += held;
  }
  return found;
}

/** The clients of a store that can be read, for one with another clock. */
async function* intact(from: Movable, sealer: Sealer, clock: number, newClock: number): AsyncGenerator<LedgerEntry> {
  for await (const client of from.clients()) {
    const moved = movedEntry(client, sealer, clock, newClock);
    if (moved !== undefined) yield moved;
  }
}

function heldIn(chunks: readonly MovedChunk[]): Held {
  return {
    messages: chunks.reduce((sum, { chunk }) => sum + chunk.messages.length, 0),
    bytes: chunks.reduce((sum, { chunk }) => sum + bytesOf(chunk), 0),
  };
}

function sizeOf({ sealed }: MovedChunk): number {
  return sealed.length;
}

/** Groups of at most `most`, which end with the one that brings their size, in bytes, to the most. */
async function* inGroups<T>(
  all: AsyncIterable<T>,
  most: number,
  sizeOf: (one: T) => number = () => 0,
): AsyncGenerator<T[]> {
  let group: T[] = [];
  let size = 0;
  for await (const one of all) {
    group.push(one);
    size += sizeOf(one);
    if (group.length < most && size < MOST_BYTES) continue;
    yield group;
    group = [];
    size = 0;
  }
  if (group.length > 0) yield group;
}
