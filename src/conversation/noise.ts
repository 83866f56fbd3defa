/**
 * The handshake `Noise_IK_25519_ChaChaPoly_SHA256` of the Noise Protocol Framework, revision 34. The initiator knows the
 * responder's static key; each message carries a payload; afterwards both know each other's static key and share secrets
 * that neither static key alone reveals.
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { KEY_SIZE, type KeyPair, sharedSecret } from "./key_pair.ts";

const PROTOCOL = "Noise_IK_25519_ChaChaPoly_SHA256"; // as long as a hash, so it is used as one (§5.2)
const TAG_SIZE = 16;
/** Every key of this handshake encrypts one value only, so its nonce is always 0. */
const NONCE = new Uint8Array(12);

/** Bytes by which an initiation is longer than its payload. */
export const INITIATION_OVERHEAD: number = KEY_SIZE + KEY_SIZE + TAG_SIZE + TAG_SIZE;
/** Bytes by which a response is longer than its payload. */
export const RESPONSE_OVERHEAD: number = KEY_SIZE + TAG_SIZE;

/** What the initiator keeps until the response. */
export interface PendingInitiation {
  /** its key pair for this handshake only */
  readonly ephemeral: KeyPair;
  /** of the handshake so far */
  readonly transcript: Transcript;
}

/** What the responder learns from an initiation. */
export interface Initiation {
  /** the initiator's static key */
  readonly peer: Uint8Array;
  /** the initiator's ephemeral key */
  readonly peerEphemeral: Uint8Array;
  /** as the initiator gave it */
  readonly payload: Uint8Array;
  /** of the handshake so far */
  readonly transcript: Transcript;
}

/** The outcome, the same on both sides. */
export interface HandshakeSecrets {
  /** the two keys of Split(): of the initiator's messages, and of the responder's */
  readonly keys: readonly [Uint8Array, Uint8Array];
  /** of the whole handshake, unique to it */
  readonly hash: Uint8Array;
}

/** The framework's `ck` and `h`, 32 bytes each. */
export interface Transcript {
  /** `ck` */
  readonly chainingKey: Uint8Array;
  /** `h` */
  readonly hash: Uint8Array;
}

/** The same while a message is written or read, with the key of its next value. */
class Symmetric {
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #key: Uint8Array | undefined;

  constructor({ chainingKey, hash }: Transcript) {
    this.#chainingKey = chainingKey;
    this.#hash = hash;
  }

  static begin(prologue: Uint8Array, responder: Uint8Array): Symmetric {
    const name = utf8ToBytes(PROTOCOL);
    const symmetric = new Symmetric({ chainingKey: name, hash: name });
    symmetric.mixHash(prologue);
    symmetric.mixHash(responder);
    return symmetric;
  }

  get transcript(): Transcript {
    return { chainingKey: this.#chainingKey, hash: this.#hash };
  }

  mixHash(data: Uint8Array): void {
    this.#hash = sha256(concatBytes(this.#hash, data));
  }

  mixKey(secret: Uint8Array): void {
    [this.#chainingKey, this.#key] = this.#derive(secret);
  }

  encrypt(plaintext: Uint8Array): Uint8Array {
    const ciphertext = chacha20poly1305(this.#key!, NONCE, this.#hash).encrypt(plaintext);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decrypt(ciphertext: Uint8Array): Uint8Array {
    const plaintext = chacha20poly1305(this.#key!, NONCE, this.#hash).decrypt(ciphertext);
    this.mixHash(ciphertext);
    return plaintext;
  }

  split(): HandshakeSecrets {
    return { keys: this.#derive(new Uint8Array()), hash: this.#hash };
  }

  /** The framework's HKDF with two outputs is that of RFC 5869 with the chaining key as salt. */
  #derive(secret: Uint8Array): [Uint8Array, Uint8Array] {
    const keys = hkdf(sha256, secret, this.#chainingKey, undefined, 2 * KEY_SIZE);
    return [keys.slice(0, KEY_SIZE), keys.slice(KEY_SIZE)];
  }
}

/** Writes the first message, to the holder of a static key. */
export function writeInitiation(
  { own, ephemeral, responder, prologue, payload }: {
    own: KeyPair;
    ephemeral: KeyPair;
    responder: Uint8Array;
    prologue: Uint8Array;
    payload: Uint8Array;
  },
): { message: Uint8Array; pending: PendingInitiation } {
  const symmetric = Symmetric.begin(prologue, responder);
  symmetric.mixHash(ephemeral.publicKey);
  symmetric.mixKey(sharedSecret(ephemeral, responder));
  const identity = symmetric.encrypt(own.publicKey);
  symmetric.mixKey(sharedSecret(own, responder));
  const message = concatBytes(ephemeral.publicKey, identity, symmetric.encrypt(payload));
  return { message, pending: { ephemeral, transcript: symmetric.transcript } };
}

/** Reads the first message; undefined if it is not for `own`, or damaged. */
export function readInitiation(own: KeyPair, prologue: Uint8Array, message: Uint8Array): Initiation | undefined {
  if (message.length < INITIATION_OVERHEAD) return undefined;
  const peerEphemeral = message.slice(0, KEY_SIZE);
  const payloadAt = INITIATION_OVERHEAD - TAG_SIZE;
  try {
    const symmetric = Symmetric.begin(prologue, own.publicKey);
    symmetric.mixHash(peerEphemeral);
    symmetric.mixKey(sharedSecret(own, peerEphemeral));
    const peer = symmetric.decrypt(message.subarray(KEY_SIZE, payloadAt));
    symmetric.mixKey(sharedSecret(own, peer));
    const payload = symmetric.decrypt(message.subarray(payloadAt));
    return { peer, peerEphemeral, payload, transcript: symmetric.transcript };
  } catch {
    return undefined; // forged, or a key of low order
  }
}

/** Writes the second message, and ends the handshake on this side. */
export function writeResponse(
  { peer, peerEphemeral, transcript }: Initiation,
  ephemeral: KeyPair,
  payload: Uint8Array,
): { message: Uint8Array; secrets: HandshakeSecrets } {
  const symmetric = new Symmetric(transcript);
  symmetric.mixHash(ephemeral.publicKey);
  symmetric.mixKey(sharedSecret(ephemeral, peerEphemeral));
  symmetric.mixKey(sharedSecret(ephemeral, peer));
  const message = concatBytes(ephemeral.publicKey, symmetric.encrypt(payload));
  return { message, secrets: symmetric.split() };
}

/** Reads the second message, and ends the handshake; undefined if it does not answer this initiation. */
export function readResponse(
  own: KeyPair,
  { ephemeral, transcript }: PendingInitiation,
  message: Uint8Array,
): { payload: Uint8Array; secrets: HandshakeSecrets } | undefined {
  if (message.length < RESPONSE_OVERHEAD) return undefined;
  const peerEphemeral = message.subarray(0, KEY_SIZE);
  try {
    const symmetric = new Symmetric(transcript);
    symmetric.mixHash(peerEphemeral);
    symmetric.mixKey(sharedSecret(ephemeral, peerEphemeral));
    symmetric.mixKey(sharedSecret(own, peerEphemeral));
    return { payload: symmetric.decrypt(message.subarray(KEY_SIZE)), secrets: symmetric.split() };
  } catch {
    return undefined;
  }
}
