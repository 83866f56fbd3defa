import { x25519 } from "@noble/curves/ed25519.js";

/** An X25519 key pair (RFC 7748), 32 bytes each. */
export interface KeyPair {
  /** secret */
  readonly privateKey: Uint8Array;
  /** not secret */
  readonly publicKey: Uint8Array;
}

/** Secure random bytes. It is a parameter where tests must be repeatable. */
export type RandomBytes = (size: number) => Uint8Array;

/** Bytes of either key. */
export const KEY_SIZE = 32;

/** Generates a key pair. */
export function generateKeyPair(random: RandomBytes): KeyPair {
  const privateKey = random(KEY_SIZE);
  return { privateKey, publicKey: x25519.getPublicKey(privateKey) };
}

/**
 * The Diffie-Hellman secret of two parties, 32 bytes.
 *
 * @throws if the public key is one of the few whose secrets anybody knows
 */
export function sharedSecret({ privateKey }: KeyPair, publicKey: Uint8Array): Uint8Array {
  return x25519.getSharedSecret(privateKey, publicKey);
}
