import { equalBytes } from "@noble/ciphers/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { decode32, encodeBase58 } from "../encoding/base58.ts";
import { multiply } from "../sphinx/curve.ts";
import type { Challenge } from "./proof.ts";

/** The context of the proof that a node has the private key of what it announces, an extension of the protocol. */
const INFO = new TextEncoder().encode("nym-gateway: announcements of a node, version 1");
const KEY_SIZE = 32;

/** The header of an announcement that proves it: nonce, number and code, with dots between them. */
export const PROOF_HEADER = "nym-proof";
/** The path of the directory's challenge. */
export const CHALLENGE_PATH = "/api/presence/challenge";

/**
 * The secret that a node and the directory share for as long as the challenge is used: HKDF-SHA256 of the unclamped X25519
 * of both sides' keys, bound to the challenge's nonce and both sides' long-term keys. The directory's key is that of the
 * directory that the node intends to reach. Undefined if the other side's point is of low order.
 *
 * @param privateKey the node's with the challenge's `publicKey`, or the challenge's with the node's
 */
export function announcementSecret(
  privateKey: Uint8Array,
  publicKey: Uint8Array,
  nonce: Uint8Array,
  nodeKey: Uint8Array,
  directoryKey: Uint8Array,
): Uint8Array | undefined {
  const shared = multiply(privateKey, publicKey);
  if (shared === undefined) return undefined;
  return hkdf(sha256, shared, undefined, concatBytes(INFO, nonce, nodeKey, directoryKey), KEY_SIZE);
}

/** An announcement's proof, as its header has it. */
export interface AnnouncementProof {
  /** 32 bytes, of the directory's challenge */
  readonly nonce: Uint8Array;
  /** grows with each announcement under the same challenge, so that none can be repeated */
  readonly number: number;
  /** 32 bytes: HMAC-SHA256 under the shared secret */
  readonly code: Uint8Array;
}

/** The code that proves an announcement. `digest` is the SHA-256 of its body. */
export function announcementCode(secret: Uint8Array, number: number, digest: Uint8Array): Uint8Array {
  const counted = new Uint8Array(8);
  new DataView(counted.buffer).setBigUint64(0, BigInt(number));
  return hmac(sha256, secret, concatBytes(counted, digest));
}

/** Whether the proof's code is right, compared in constant time. */
export function isCodeOf(secret: Uint8Array, { number, code }: AnnouncementProof, digest: Uint8Array): boolean {
  return equalBytes(announcementCode(secret, number, digest), code);
}

/** The header's text. */
export function formatProof({ nonce, number, code }: AnnouncementProof): string {
  return `${encodeBase58(nonce)}.${number}.${encodeBase58(code)}`;
}

/** Parses the header's text; undefined for anything else. */
export function parseProof(text: string): AnnouncementProof | undefined {
  const [nonce, number, code, ...rest] = text.split(".");
  if (code === undefined || rest.length > 0 || !/^\d{1,15}$/.test(number!)) return undefined;
  const [nonceBytes, codeBytes] = [decode32(nonce), decode32(code)];
  if (nonceBytes === undefined || codeBytes === undefined) return undefined;
  return { nonce: nonceBytes, number: Number(number), code: codeBytes };
}

/** What the directory answers at {@linkcode CHALLENGE_PATH}: a challenge, and its own key. Each 32 bytes. */
export interface DirectoryChallenge extends Challenge {
  /** Ed25519; signs its topologies */
  directoryKey: Uint8Array;
}

/** The challenge's JSON. */
export function formatChallenge({ nonce, publicKey, directoryKey }: DirectoryChallenge): string {
  const fields = { nonce, publicKey, directoryKey };
  return JSON.stringify(Object.fromEntries(Object.entries(fields).map(([name, key]) => [name, encodeBase58(key)])));
}

/** Parses a challenge's JSON; undefined for anything else. */
export function parseChallenge(text: string): DirectoryChallenge | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { nonce, publicKey, directoryKey } = json as Record<string, unknown>;
  const [a, b, c] = [nonce, publicKey, directoryKey].map(decode32);
  return a && b && c && { nonce: a, publicKey: b, directoryKey: c };
}
