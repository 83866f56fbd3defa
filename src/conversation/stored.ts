/**
 * What conversations keep in a `Store`. Everything is under `conversation/`: `self` and, for each peer, its record and
 * its segments, each by its number.
 */
import { base64 } from "@scure/base";
import type { Segment } from "./datagram.ts";
import type { Invitation } from "./invitation.ts";
import type { KeyPair } from "./key_pair.ts";
import type { PeerRecord } from "./peer.ts";

/** Begins every key. */
export const PREFIX = "conversation/";
/** Key of what belongs to no peer. */
export const SELF_KEY: string = PREFIX + "self";
const PEER = PREFIX + "peer/";

/** What belongs to no peer. */
export interface Self {
  /** this side's identity */
  readonly identity: KeyPair;
  /** where this side receives, which its peers have been told, or will be */
  readonly address: string;
  /** tokens of invitations that nobody has used */
  readonly invitations: readonly Invitation["token"][];
}

/** What a key says. */
export type Parsed =
  | { readonly kind: "peer"; readonly peer: string }
  | { readonly kind: "out" | "in"; readonly peer: string; readonly number: number };

/** Key of a peer's record. */
export function peerKey(peer: string): string {
  return PEER + peer;
}

/** Key of a segment that waits for its receipt. */
export function outboxKey(peer: string, number: number): string {
  return `${PREFIX}out/${peer}/${number}`;
}

/** Key of a segment that has not been taken. */
export function inboxKey(peer: string, number: number): string {
  return `${PREFIX}in/${peer}/${number}`;
}

/** Reads a key; undefined if it is `SELF_KEY`, or of something else. */
export function parseKey(key: string): Parsed | undefined {
  if (key.startsWith(PEER)) return { kind: "peer", peer: key.slice(PEER.length) };
  const [, kind, peer, number] = /^conversation\/(out|in)\/(\w+)\/(\d+)$/.exec(key) ?? [];
  return peer === undefined ? undefined : { kind: kind as "out" | "in", peer, number: Number(number) };
}

/** As JSON, with bytes in base64. */
export function encodeRecord(value: PeerRecord | Self): Uint8Array {
  const text = JSON.stringify(value, (_, each) => each instanceof Uint8Array ? { $bytes: base64.encode(each) } : each);
  return new TextEncoder().encode(text);
}

/** Reads what `encodeRecord` has written. */
export function decodeRecord<T extends PeerRecord | Self>(bytes: Uint8Array): T {
  return JSON.parse(
    new TextDecoder().decode(bytes),
    (_, each) => typeof each?.$bytes === "string" ? base64.decode(each.$bytes) : each,
  );
}

/** isLast (1) ‖ number of its message's first segment (u32) ‖ data */
export function encodeSegment({ first, segment }: { first: number; segment: Segment }): Uint8Array {
  const bytes = new Uint8Array(5 + segment.data.length);
  bytes[0] = segment.isLast ? 1 : 0;
  new DataView(bytes.buffer).setUint32(1, first);
  bytes.set(segment.data, 5);
  return bytes;
}

/** Reads what `encodeSegment` has written. */
export function decodeSegment(bytes: Uint8Array): { first: number; segment: Segment } {
  const first = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  return { first, segment: { isLast: bytes[0] === 1, data: bytes.slice(5) } };
}
