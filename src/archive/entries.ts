import * as msgpack from "@std/msgpack";
import { type Entry, isPart, type Part, sizeOf } from "../mailbox/stored_entry.ts";
import { ArchiveError } from "./archive_error.ts";

/** `@std/msgpack` ships no types, so this is where it gets them. */
const { encode, decode }: {
  encode(value: unknown): Uint8Array<ArrayBuffer>;
  decode(bytes: Uint8Array): unknown;
} = msgpack;

/** Bytes of entries that go into one file, about: so much of a database is held in memory. */
const TOGETHER = 500_000;

/** Entries of a database in MessagePack: an array of `[key, value]`, where the key is an array of its parts. */
export function encodeEntries(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  return encode(entries.map(({ key, value }) => [key, value]));
}

/** @throws {ArchiveError} when the bytes are none */
export function decodeEntries(bytes: Uint8Array): Entry[] {
  const entries = decoded(bytes);
  if (!Array.isArray(entries) || !entries.every(isEntry)) throw new ArchiveError("a database in it is not right");
  return entries.map(([key, value]) => ({ key: key.map(own), value: own(value) }));
}

/** Entries in groups that are worth a file. */
export async function* grouped(entries: AsyncIterable<Entry>): AsyncGenerator<Entry[]> {
  let group: Entry[] = [];
  let size = 0;
  for await (const entry of entries) {
    group.push(entry);
    size += sizeOf(entry);
    if (size < TOGETHER) continue;
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

/** The database wants a buffer of its own. */
function own(part: Part): Part {
  return part instanceof Uint8Array ? part.slice() : part;
}
