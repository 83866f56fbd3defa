import { ctr } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { MAC_SIZE } from "./constants.ts";

const ZERO_IV = new Uint8Array(16);

/**
 * XORs data with a hop's AES-128-CTR keystream, from its start (spec §2). The IV is always zero because each key serves
 * a single packet.
 *
 * @param streamKey 16 bytes
 * @returns a new array as long as `data`
 */
export function xorStream(streamKey: Uint8Array, data: Uint8Array): Uint8Array {
  return ctr(streamKey, ZERO_IV).encrypt(data);
}

/**
 * The MAC of encrypted routing information: the first 16 bytes of HMAC-SHA256 (spec §1).
 *
 * @param macKey 16 bytes
 */
export function headerMac(macKey: Uint8Array, routing: Uint8Array): Uint8Array {
  return hmac(sha256, macKey, routing).slice(0, MAC_SIZE);
}
