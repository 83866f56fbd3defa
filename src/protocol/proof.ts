import { equalBytes } from "@noble/ciphers/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { generateKeyPair, multiply } from "../sphinx/curve.ts";

/** The context of the proof that a client has the private key of its address, an extension of the protocol. */
const INFO = new TextEncoder().encode("nym-gateway: possession of a client's key, version 1");
const KEY_SIZE = 32;
/** Bytes of a challenge's nonce. */
export const NONCE_SIZE = 32;

/** What the gateway asks a client to answer. Valid for one answer. */
export interface Challenge {
  /** 32 bytes */
  nonce: Uint8Array;
  /** ephemeral X25519, 32 bytes */
  publicKey: Uint8Array;
}

/** A challenge with the private key that verifies its answer. */
export interface OpenChallenge extends Challenge {
  /** 32 bytes */
  privateKey: Uint8Array;
}

/** A new challenge, with random nonce and key. */
export function newChallenge(): OpenChallenge {
  return { nonce: crypto.getRandomValues(new Uint8Array(NONCE_SIZE)), ...generateKeyPair() };
}

/**
 * The client's answer: HMAC-SHA256 of nonce ‖ client address ‖ gateway's public key, under HKDF-SHA256 of the unclamped
 * X25519 of both sides' keys. The gateway's public key is that of the gateway the client intends to reach, so another
 * gateway cannot relay the challenge. Undefined if the challenge's point is of low order.
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
 * Whether `given` is the answer of the holder of `clientAddress`'s private key, compared in constant time. Nothing
 * proves an address of low order: it has no owner.
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
