import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";

/** Makes a search for a key with a similar number expensive. */
const ITERATIONS = 5200;
const VERSION = Uint8Array.of(0, 0);
const CHUNKS = 6;
const CHUNK_SIZE = 5;
const DIGITS = 5;

/** Whose part of a safety number it is. */
export interface Party {
  /** of the party, not secret */
  readonly identifier: Uint8Array;
  /** the party's public identity key */
  readonly key: Uint8Array;
}

/**
 * Signal's numeric fingerprint of two parties: 60 digits, the same on both sides. If both read the same, nobody sits
 * between them.
 */
export function safetyNumber(one: Party, other: Party): string {
  return [one, other].map(half).sort().join("");
}

/** 30 digits of one party. */
function half({ identifier, key }: Party): string {
  let hash = concatBytes(VERSION, key, identifier);
  for (let i = 0; i < ITERATIONS; i++) hash = sha512(concatBytes(hash, key));
  return Array.from({ length: CHUNKS }, (_, i) => digits(hash.subarray(i * CHUNK_SIZE))).join("");
}

function digits(bytes: Uint8Array): string {
  const value = bytes.subarray(0, CHUNK_SIZE).reduce((sum, byte) => sum * 256 + byte, 0); // below 2^40
  return String(value % 10 ** DIGITS).padStart(DIGITS, "0");
}
