import * as msgpack from "@std/msgpack";
import { type Entry, isPart, type Part, sizeOf } from "../mailbox/stored_entry.ts";
import { ArchiveError } from "./archive_error.ts";

/** `@std/msgpack` ships without types. */
const { encode, decode }: {
  encode(value: unknown): Uint8Array<ArrayBuffer>;
  decode(bytes: Uint8Array): unknown;
} = msgpack;

/** Approximate size of a group of entries in bytes: the part of a database that is in memory at a time. */
const GROUP_SIZE = 500_000;

/** Encodes database entries in MessagePack: an array of `[key, value]`, where a key is an array of its parts. */
export function encodeEntries(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  return encode(entries.map(({ key, value }) => [key, value]));
}

/** Decodes database entries. @throws {ArchiveError} if the bytes are not an array of entries */
export function decodeEntries(bytes: Uint8Array): Entry[] {
  const entries = decoded(bytes);
  if (!Array.isArray(entries) || !entries.every(isEntry)) throw new ArchiveError("a database in it is invalid");
  return entries.map(([key, value]) => ({ key: key.map(own), value: own(value) }));
}

/** Splits entries into groups of about 500 kB, one for each file of the archive. */
export async function* grouped(entries: AsyncIterable<Entry>): AsyncGenerator<Entry[]> {
  let group: Entry[] = [];
  let size = 0;
  for await (const entry of entries) {
    group.push(entry);
    size += sizeOf(entry);
    if (size < GROUP_SIZE) continue;
    yield group;
    group = [];
    size = 0;
  }
  if (group.length > 0) yield group;
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch {
    return undefined; // not MessagePack, or nested too deeply
  }
}

function isEntry(entry: unknown): entry is [Part[], Part] {
  if (!Array.isArray(entry) || entry.length !== 2) return false;
  const [key, value] = entry;
  return Array.isArray(key) && key.length > 0 && key.every(isPart) && isPart(value);
}

/** Copies views, because the database needs a buffer for each value. */
function own(part: Part): Part {
  return part instanceof Uint8Array ? part.slice() : part;
}
