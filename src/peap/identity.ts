import { type KeyPair, publicKeyOf, randomScalar } from "../sphinx/curve.ts";

/** Who a client is: its key pair. The public key, 32 bytes, is the client's part of its address. */
export type Identity = KeyPair;

/** A new identity. Whoever wants to come back to its messages later keeps the private key and the token. */
export function generateIdentity(): Identity {
  return identityOf(randomScalar());
}

/**
 * The identity that a kept private key stands for.
 *
 * @param privateKey 32 bytes, as `generateIdentity` gave them
 * @throws RangeError if they are not a private key
 */
export function identityOf(privateKey: Uint8Array): Identity {
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}
