import { concatBytes } from "@noble/hashes/utils.js";
import { MAX_MESSAGE_SIZE } from "../sphinx/constants.ts";

/** The most fragments in a set. A longer message takes several linked sets (spec §7). */
export const MAX_SET_SIZE = 255;

/** Header of a message that fits into one fragment: a zero byte. */
const WHOLE_HEADER_SIZE = 1;
/** 1-bit 1 ‖ 31-bit set id ‖ total (1) ‖ current (1, from 1) ‖ 0x00 */
const UNLINKED_HEADER_SIZE = 7;
/** The same up to `current`, then 1-bit 1 ‖ 31-bit id of the linked set. */
const LINKED_HEADER_SIZE = 10;

const TOTAL_AT = 4;
const CURRENT_AT = 5;
const LINK_AT = 6;
/** Set in the first byte of every set id; where there is no id, that byte is zero. */
const ID_BIT = 0x80;

/** The longest message that fits into one fragment: 974 bytes. */
export const WHOLE_DATA_SIZE: number = MAX_MESSAGE_SIZE - WHOLE_HEADER_SIZE;
/** The most data in a part without a link: 968 bytes. */
export const UNLINKED_DATA_SIZE: number = MAX_MESSAGE_SIZE - UNLINKED_HEADER_SIZE;
/** The most data in a part with a link: 965 bytes. */
export const LINKED_DATA_SIZE: number = MAX_MESSAGE_SIZE - LINKED_HEADER_SIZE;

/** A part of a message that does not fit into one fragment. */
export interface SetPart {
  /** 0 < id < 2^31 */
  setId: number;
  /** 1 to 255 */
  total: number;
  /** 1 to `total` */
  current: number;
  /** in the first part of a set, the id of the previous set; in its 255th, the id of the next one */
  link: number | undefined;
  /** at most `UNLINKED_DATA_SIZE` bytes, with a link `LINKED_DATA_SIZE` */
  data: Uint8Array;
}

/** A decoded fragment: a whole message, a part of one, or bytes that are not a fragment. */
export type Fragment = { kind: "whole"; data: Uint8Array } | { kind: "part"; part: SetPart } | { kind: "malformed" };

/** Encodes a message of at most `WHOLE_DATA_SIZE` bytes as a single fragment. */
export function encodeWhole(data: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array(WHOLE_HEADER_SIZE), data);
}

/** Encodes a part as a fragment of at most 975 bytes. */
export function encodePart({ setId, total, current, link, data }: SetPart): Uint8Array {
  const headerSize = link === undefined ? UNLINKED_HEADER_SIZE : LINKED_HEADER_SIZE;
  const fragment = new Uint8Array(headerSize + data.length);
  writeId(fragment, 0, setId);
  fragment[TOTAL_AT] = total;
  fragment[CURRENT_AT] = current;
  if (link !== undefined) writeId(fragment, LINK_AT, link);
  fragment.set(data, headerSize);
  return fragment;
}

/** Decodes an untrusted fragment. Its data is a view of `bytes`. */
export function decodeFragment(bytes: Uint8Array): Fragment {
  if (bytes.length > MAX_MESSAGE_SIZE) return { kind: "malformed" };
  if (bytes[0] === 0) return { kind: "whole", data: bytes.subarray(WHOLE_HEADER_SIZE) };
  const setId = readId(bytes, 0);
  if (setId === undefined || bytes.length < UNLINKED_HEADER_SIZE) return { kind: "malformed" };
  const total = bytes[TOTAL_AT]!;
  const current = bytes[CURRENT_AT]!;
  if (current === 0 || current > total) return { kind: "malformed" };
  if (bytes[LINK_AT] === 0) {
    return part({ setId, total, current, link: undefined, data: bytes.subarray(UNLINKED_HEADER_SIZE) });
  }
  const link = readId(bytes, LINK_AT);
  if (link === undefined || link === setId || (current !== 1 && current !== MAX_SET_SIZE)) return { kind: "malformed" };
  return part({ setId, total, current, link, data: bytes.subarray(LINKED_HEADER_SIZE) });
}

function part(part: SetPart): Fragment {
  return { kind: "part", part };
}

function writeId(bytes: Uint8Array, at: number, id: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, id);
  bytes[at]! |= ID_BIT;
}

/** The id at that offset; undefined if it is zero, lacks its `ID_BIT` or is cut short. */
function readId(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length < at + 4 || (bytes[at]! & ID_BIT) === 0) return undefined;
  const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at) & 0x7fff_ffff;
  return id === 0 ? undefined : id;
}
