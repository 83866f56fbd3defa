import { base58 } from "@scure/base";

/**
 * The longest text that is decoded. Keys, addresses and tokens are 32 bytes, at most 44 characters, and base58 takes
 * quadratic time, so kilobytes from a peer are refused unread.
 */
const MAX_CHARACTERS = 64;

/** Base58 in the Bitcoin alphabet, without a checksum. */
export function encodeBase58(bytes: Uint8Array): string {
  return base58.encode(bytes);
}

/** The bytes of a base58 text; undefined if it contains other characters or is longer than 64. */
export function decodeBase58(text: string): Uint8Array | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  try {
    return base58.decode(text);
  } catch {
    return undefined;
  }
}

/** The 32 bytes of a key, an address, a token or a nonce in base58; undefined for any other text or value. */
export function decode32(text: unknown): Uint8Array | undefined {
  const bytes = typeof text === "string" ? decodeBase58(text) : undefined;
  return bytes?.length === 32 ? bytes : undefined;
}
