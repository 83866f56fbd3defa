import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { SCALAR_SIZE } from "./constants.ts";

/** What clamping turns every scalar into (RFC 7748 §5): a multiple of 8 in [2^254, 2^255). */
const COFACTOR = 8n;
const CLAMPED_FROM = 2n ** 254n;
const CLAMPED_BELOW = 2n ** 255n;

/**
 * A private key with the same effect that RFC 7748's clamping leaves unchanged: it is ≡ ±s modulo the group order ℓ, and
 * a point and its negative share their u-coordinate. The effect is the same for points of prime order only, but every
 * honest sender's point is one.
 *
 * ℓ is odd, so one of s + jℓ with j from 0 to 7 is a multiple of 8, and so is one of (8 − j)ℓ − s; one of j and 8 − j is 4
 * or more, which makes the number large enough. It is too large for about one key in 2^125, so never for a random key.
 *
 * @param privateKey 32 bytes, canonical
 * @returns 32 bytes; undefined if no such key exists
 */
export function clampedEquivalent(privateKey: Uint8Array): Uint8Array | undefined {
  const order = ed25519.Point.Fn.ORDER;
  const scalar = bytesToNumberLE(privateKey);
  for (const start of [scalar, order - scalar]) {
    for (let candidate = start; candidate < CLAMPED_BELOW; candidate += order) {
      if (candidate >= CLAMPED_FROM && candidate % COFACTOR === 0n) return numberToBytesLE(candidate, SCALAR_SIZE);
    }
  }
  return undefined;
}
