import { equalBytes } from "@noble/ciphers/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/**
 * A client's access token, 32 bytes: HMAC-SHA256 of its address (32 bytes) under the gateway's private key (spec §5).
 * Because tokens are derived, they need no storage and survive when a gateway moves.
 */
export function deriveToken(gatewayPrivateKey: Uint8Array, clientAddress: Uint8Array): Uint8Array {
  return hmac(sha256, gatewayPrivateKey, clientAddress);
}

/** Whether `token`, of any length, is the client's. The time that this takes reveals nothing about the right one. */
export function isTokenOf(gatewayPrivateKey: Uint8Array, clientAddress: Uint8Array, token: Uint8Array): boolean {
  const expected = deriveToken(gatewayPrivateKey, clientAddress);
  return token.length === expected.length && equalBytes(token, expected);
}
