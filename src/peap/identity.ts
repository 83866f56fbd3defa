import { type KeyPair, publicKeyOf, randomScalar } from "../sphinx/curve.ts";

/** A client's key pair. The public key, 32 bytes, is the first part of its address. */
export type Identity = KeyPair;

/** Generates a new identity. To come back to its messages later, keep the private key and the token. */
export function generateIdentity(): Identity {
  return identityOf(randomScalar());
}

/**
 * Restores an identity from its private key.
 *
 * @param privateKey 32 bytes, from `generateIdentity`
 * @throws RangeError if it is not a valid private key
 */
export function identityOf(privateKey: Uint8Array): Identity {
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}
