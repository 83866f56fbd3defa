import { concatBytes } from "@noble/hashes/utils.js";
import { formatAddress, parseAddress } from "../peap/address.ts";
import { WHOLE_DATA_SIZE } from "../peap/fragment.ts";
import { INITIATION_OVERHEAD, RESPONSE_OVERHEAD } from "./noise.ts";
import { RATCHET_OVERHEAD } from "./ratchet.ts";

/** The first byte of a datagram. All datagrams fill one packet, so nothing else about them can be seen. */
export const KIND = { initiation: 1, response: 2, message: 3 } as const;
/** One of `KIND`. */
export type Kind = typeof KIND[keyof typeof KIND];

const KIND_SIZE = 1;
/** Bytes of a datagram: all that fits into one packet. */
const DATAGRAM_SIZE = WHOLE_DATA_SIZE;
/** Bytes of what an initiation carries, a response, and a message. */
export const PAYLOAD_SIZE: Readonly<Record<Kind, number>> = {
  [KIND.initiation]: DATAGRAM_SIZE - KIND_SIZE - INITIATION_OVERHEAD,
  [KIND.response]: DATAGRAM_SIZE - KIND_SIZE - RESPONSE_OVERHEAD,
  [KIND.message]: DATAGRAM_SIZE - KIND_SIZE - RATCHET_OVERHEAD,
};

/** Bytes of an encoded address. */
export const ADDRESS_SIZE = 64;

/** How many segments may be on their way: the width of a receipt, and one. */
export const WINDOW = 64;
const RECEIPT_AT = ADDRESS_SIZE;
/** next (u32) ‖ a bit for each of the 64 after it, the lowest first */
const FLAGS_AT = RECEIPT_AT + 4 + WINDOW / 8;
const NUMBER_AT = FLAGS_AT + 1;
const LENGTH_AT = NUMBER_AT + 4;
const DATA_AT = LENGTH_AT + 2;
const HAS_SEGMENT = 1;
const IS_LAST = 2;
const WANTS_ANSWER = 4;

/** The most bytes of a message in one segment: 794. */
export const SEGMENT_SIZE: number = PAYLOAD_SIZE[KIND.message] - DATA_AT;

/**
 * A part of a message. Segments are numbered from 0 in each direction of a conversation; a message begins where another
 * ends.
 */
export interface Segment {
  /** Whether its message ends with it. */
  readonly isLast: boolean;
  /** at most 794 bytes */
  readonly data: Uint8Array;
}

/** A segment and its number. */
export interface NumberedSegment {
  /** from 0 in each direction */
  readonly number: number;
  /** what it contains */
  readonly segment: Segment;
}

/** What has arrived. */
export interface Receipt {
  /** Every segment before it has. */
  readonly next: number;
  /** Segments after it that have. */
  readonly others: readonly number[];
}

/** What a message between two peers carries. */
export interface Contents {
  /** where the sender receives now */
  readonly address: string;
  /** of what the sender has received */
  readonly receipt: Receipt;
  /** with its number; undefined if it is only a receipt */
  readonly segment: NumberedSegment | undefined;
  /** Whether the sender waits for a receipt even without a segment. */
  readonly wantsAnswer: boolean;
}

/** A datagram of a kind, with its encrypted rest. */
export function encodeDatagram(kind: Kind, rest: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(kind), rest);
}

/** The kind of a datagram, and its rest; undefined if it is not one. */
export function decodeDatagram(bytes: Uint8Array): { kind: Kind; rest: Uint8Array } | undefined {
  const kind = Object.values(KIND).find((each) => each === bytes[0]);
  return kind !== undefined && bytes.length === DATAGRAM_SIZE ? { kind, rest: bytes.subarray(KIND_SIZE) } : undefined;
}

/** The payload of a kind that begins with these parts; zeros fill the rest. */
export function padded(kind: Kind, ...parts: Uint8Array[]): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_SIZE[kind]);
  payload.set(concatBytes(...parts));
  return payload;
}

/** Encodes contents, padded to `PAYLOAD_SIZE`. */
export function encodeContents({ address, receipt, segment, wantsAnswer }: Contents): Uint8Array {
  const bytes = padded(KIND.message, encodeAddress(address));
  const view = new DataView(bytes.buffer);
  view.setUint32(RECEIPT_AT, receipt.next);
  for (const number of receipt.others) {
    const bit = number - receipt.next - 1;
    bytes[RECEIPT_AT + 4 + (bit >> 3)]! |= 1 << (bit & 7);
  }
  if (wantsAnswer) bytes[FLAGS_AT] = WANTS_ANSWER;
  if (!segment) return bytes;
  const { number, segment: { isLast, data } } = segment;
  bytes[FLAGS_AT]! |= HAS_SEGMENT | (isLast ? IS_LAST : 0);
  view.setUint32(NUMBER_AT, number);
  view.setUint16(LENGTH_AT, data.length);
  bytes.set(data, DATA_AT);
  return bytes;
}

/** Decodes contents; undefined if a peer's program has sent something else. */
export function decodeContents(bytes: Uint8Array): Contents | undefined {
  if (bytes.length !== PAYLOAD_SIZE[KIND.message]) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const next = view.getUint32(RECEIPT_AT);
  const bits = bytes.subarray(RECEIPT_AT + 4, FLAGS_AT);
  const others = Array.from({ length: WINDOW }, (_, bit) => bit)
    .filter((bit) => bits[bit >> 3]! & 1 << (bit & 7)).map((bit) => next + 1 + bit);
  const length = view.getUint16(LENGTH_AT);
  if (length > SEGMENT_SIZE) return undefined;
  const flags = bytes[FLAGS_AT]!;
  const segment = {
    isLast: (flags & IS_LAST) !== 0,
    data: bytes.slice(DATA_AT, DATA_AT + length),
  };
  return {
    address: decodeAddress(bytes),
    receipt: { next, others },
    segment: flags & HAS_SEGMENT ? { number: view.getUint32(NUMBER_AT), segment } : undefined,
    wantsAnswer: (flags & WANTS_ANSWER) !== 0,
  };
}

/** An address as 64 bytes: client ‖ gateway. */
export function encodeAddress(address: string): Uint8Array {
  const { client, gateway } = parseAddress(address);
  return concatBytes(client, gateway);
}

/** The address in the first 64 of these bytes. */
export function decodeAddress(bytes: Uint8Array): string {
  return formatAddress({
    client: bytes.slice(0, ADDRESS_SIZE / 2),
    gateway: bytes.slice(ADDRESS_SIZE / 2, ADDRESS_SIZE),
  });
}
