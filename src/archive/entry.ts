import type { Entry, Part } from "../mailbox/transfer.ts";
import { ArchiveError } from "./archive_error.ts";

// An entry of a database as it is stored there: what its value means is not looked at, so that archives do not depend on it.
// In bytes, the parts of its key and then its value: type (1) ‖ length (4, big-endian) ‖ bytes, a number as a float of 64 bits.
const HEAD_SIZE = 5;
const BYTES = 0;
const TEXT = 1;
const NUMBER = 2;

/** @throws {TypeError} when a part is of another type */
export function encodeEntry({ key, value }: Entry): Uint8Array {
  const parts = [...key, value].map(encodePart);
  const entry = new Uint8Array(parts.reduce((size, [, bytes]) => size + HEAD_SIZE + bytes.length, 0));
  const view = new DataView(entry.buffer);
  let at = 0;
  for (const [type, bytes] of parts) {
    entry[at] = type;
    view.setUint32(at + 1, bytes.length);
    entry.set(bytes, at + HEAD_SIZE);
    at += HEAD_SIZE + bytes.length;
  }
  return entry;
}

/** @throws {ArchiveError} when the bytes are no entry */
export function decodeEntry(bytes: Uint8Array): Entry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + HEAD_SIZE > bytes.length) throw torn();
    const end = at + HEAD_SIZE + view.getUint32(at + 1);
    if (end > bytes.length) throw torn();
    parts.push(decodePart(bytes[at]!, bytes.subarray(at + HEAD_SIZE, end)));
    at = end;
  }
  const value = parts.pop();
  if (value === undefined || parts.length === 0) throw torn();
  return { key: parts, value };
}

function encodePart(part: unknown): [type: number, bytes: Uint8Array] {
  if (part instanceof Uint8Array) return [BYTES, part];
  if (typeof part === "string") return [TEXT, new TextEncoder().encode(part)];
  if (typeof part === "number") {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, part);
    return [NUMBER, bytes];
  }
  throw new TypeError(`an entry of a database has a part of an unknown type: ${typeof part}`);
}

function decodePart(type: number, bytes: Uint8Array): Part {
  switch (type) {
    case BYTES:
      return bytes.slice(); // the database wants a buffer of its own
    case TEXT:
      return decodeText(bytes);
    case NUMBER:
      if (bytes.length !== 8) throw torn();
      return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
  }
  throw new ArchiveError(`an entry of a database has a part of the unknown type ${type}`);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ArchiveError("an entry of a database has a text that is not UTF-8");
  }
}

function torn(): ArchiveError {
  return new ArchiveError("an entry of a database is torn");
}
