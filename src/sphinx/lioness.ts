import { chacha20orig } from "@noble/ciphers/chacha.js";
import { blake2b } from "@noble/hashes/blake2.js";

/**
 * LIONESS (Anderson and Biham, 1996), a cipher whose block is the whole payload: flipping one bit of the ciphertext turns
 * all of the plaintext into noise. Four rounds over a left part of 32 bytes and a right part, the rest (spec §2):
 * R ^= S(L ^ k1), L ^= H(k2, R), R ^= S(L ^ k3), L ^= H(k4, R), with ChaCha20 (original variant: 64-bit nonce) for S
 * and keyed BLAKE2b for H.
 */
const LEFT_SIZE = 32;
const STREAM_KEY_SIZE = LEFT_SIZE;
const HASH_KEY_SIZE = 64;

const K2_OFFSET = STREAM_KEY_SIZE;
const K3_OFFSET = K2_OFFSET + HASH_KEY_SIZE;
const K4_OFFSET = K3_OFFSET + STREAM_KEY_SIZE;

const ZERO_NONCE = new Uint8Array(8);

/**
 * Encrypts one block.
 *
 * @param key 192 bytes: k1 (32) ‖ k2 (64) ‖ k3 (32) ‖ k4 (64)
 * @param block more than 32 bytes; not modified
 * @returns a new array as long as `block`
 */
export function encrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const [k1, k2, k3, k4] = roundKeys(key);
  const output = block.slice();
  streamRound(k1, output);
  hashRound(k2, output);
  streamRound(k3, output);
  hashRound(k4, output);
  return output;
}

/** The inverse of `encrypt`: the same rounds, backwards. */
export function decrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const [k1, k2, k3, k4] = roundKeys(key);
  const output = block.slice();
  hashRound(k4, output);
  streamRound(k3, output);
  hashRound(k2, output);
  streamRound(k1, output);
  return output;
}

function roundKeys(key: Uint8Array): [Uint8Array, Uint8Array, Uint8Array, Uint8Array] {
  return [
    key.subarray(0, K2_OFFSET),
    key.subarray(K2_OFFSET, K3_OFFSET),
    key.subarray(K3_OFFSET, K4_OFFSET),
    key.subarray(K4_OFFSET, K4_OFFSET + HASH_KEY_SIZE),
  ];
}

function streamRound(key: Uint8Array, block: Uint8Array): void {
  const streamKey = block.slice(0, LEFT_SIZE);
  xorInto(streamKey, key);
  const right = block.subarray(LEFT_SIZE);
  chacha20orig(streamKey, ZERO_NONCE, right, right);
  streamKey.fill(0);
}

function hashRound(key: Uint8Array, block: Uint8Array): void {
  xorInto(block, blake2b(block.subarray(LEFT_SIZE), { key, dkLen: LEFT_SIZE }));
}

/** XORs `mask` into the first bytes of `target`. */
function xorInto(target: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < mask.length; i++) target[i]! ^= mask[i]!;
}
