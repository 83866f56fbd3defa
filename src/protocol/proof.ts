import { equalBytes } from "@noble/ciphers/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { generateKeyPair, multiply } from "../sphinx/curve.ts";

/** How a client proves that it has the private key of its address, an extension of the protocol. */
const INFO = new TextEncoder().encode("nym-gateway: possession of a client's key, version 1");
const KEY_SIZE = 32;
export const NONCE_SIZE = 32;

/** What the client is asked: all 32 bytes. Good for one answer. */
export interface Challenge {
  nonce: Uint8Array;
  publicKey: Uint8Array;
}

/** A challenge with what its answer is checked with. */
export interface OpenChallenge extends Challenge {
  privateKey: Uint8Array;
}

export function newChallenge(): OpenChallenge {
  return { nonce: crypto.getRandomValues(new Uint8Array(NONCE_SIZE)), ...generateKeyPair() };
}

/**
 * The client's answer: HMAC-SHA256 of nonce ‖ client address ‖ gateway's public key, under HKDF-SHA256 of the unclamped
 * X25519 of both sides' keys. The gateway's public key is the one the client means to talk to, so that nobody else who
 * asks can pass the answer on to another gateway. Undefined if the challenge's point is of low order.
 */
export function proveAddress(
  clientPrivateKey: Uint8Array,
  clientAddress: Uint8Array,
  challenge: Challenge,
  gatewayPublicKey: Uint8Array,
): Uint8Array | undefined {
  return proof(multiply(clientPrivateKey, challenge.publicKey), challenge.nonce, clientAddress, gatewayPublicKey);
}

/**
 * Whether `given` is the answer of who has the private key of `clientAddress`, in a time that tells nothing about the
 * right one. An address of low order has no owner: nothing proves it.
 */
export function isProofOf(
  challenge: OpenChallenge,
  clientAddress: Uint8Array,
  gatewayPublicKey: Uint8Array,
  given: Uint8Array,
): boolean {
  const shared = multiply(challenge.privateKey, clientAddress);
  const expected = proof(shared, challenge.nonce, clientAddress, gatewayPublicKey);
  return expected !== undefined && given.length === expected.length && equalBytes(given, expected);
}

function proof(
  shared: Uint8Array | undefined,
  nonce: Uint8Array,
  clientAddress: Uint8Array,
  gatewayPublicKey: Uint8Array,
): Uint8Array | undefined {
  if (shared === undefined) return undefined;
  const key = hkdf(sha256, shared, undefined, INFO, KEY_SIZE);
  return hmac.create(sha256, key).update(nonce).update(clientAddress).update(gatewayPublicKey).digest();
}
