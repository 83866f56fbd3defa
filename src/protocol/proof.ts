import { equalBytes } from "@noble/ciphers/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { generateKeyPair, multiply } from "../sphinx/curve.ts";

/** The context of the proof that a client has the private key of its address, an extension of the protocol. */
const INFO = new TextEncoder().encode("nym-gateway: possession of a client's key, version 1");
/** The same for the proof that a gateway has its private key. */
const GATEWAY_INFO = new TextEncoder().encode("nym-gateway: possession of a gateway's key, version 1");
const KEY_SIZE = 32;
/** Bytes of a challenge's nonce. */
export const NONCE_SIZE = 32;

/** What one side asks the other to answer. Valid for one answer. */
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

/**
 * The gateway's answer to a client's challenge: HMAC-SHA256 of that challenge ‖ gateway's public key ‖ the gateway's own
 * challenge to the client, under HKDF-SHA256 of the unclamped X25519 of the gateway's key and the client's ephemeral key.
 * A challenge counts as its nonce ‖ public key. Undefined if the client's point is of low order.
 */
export function proveGateway(
  gatewayPrivateKey: Uint8Array,
  gatewayPublicKey: Uint8Array,
  asked: Challenge,
  own: Challenge,
): Uint8Array | undefined {
  return gatewayProof(multiply(gatewayPrivateKey, asked.publicKey), gatewayPublicKey, asked, own);
}

/** Whether `given` is the answer of the holder of the gateway's private key, compared in constant time. */
export function isProofOfGateway(
  asked: OpenChallenge,
  gatewayPublicKey: Uint8Array,
  answered: Challenge,
  given: Uint8Array,
): boolean {
  const shared = multiply(asked.privateKey, gatewayPublicKey);
  const expected = gatewayProof(shared, gatewayPublicKey, asked, answered);
  return expected !== undefined && given.length === expected.length && equalBytes(given, expected);
}

function gatewayProof(
  shared: Uint8Array | undefined,
  gatewayPublicKey: Uint8Array,
  asked: Challenge,
  answered: Challenge,
): Uint8Array | undefined {
  const parts = [asked.nonce, asked.publicKey, gatewayPublicKey, answered.nonce, answered.publicKey];
  return shared && mac(shared, GATEWAY_INFO, parts);
}

function proof(
  shared: Uint8Array | undefined,
  nonce: Uint8Array,
  clientAddress: Uint8Array,
  gatewayPublicKey: Uint8Array,
): Uint8Array | undefined {
  return shared && mac(shared, INFO, [nonce, clientAddress, gatewayPublicKey]);
}

/** All parts are of fixed sizes. */
function mac(shared: Uint8Array, info: Uint8Array, parts: Uint8Array[]): Uint8Array {
  const code = hmac.create(sha256, hkdf(sha256, shared, undefined, info, KEY_SIZE));
  for (const part of parts) code.update(part);
  return code.digest();
}
