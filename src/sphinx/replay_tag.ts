import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** Bytes of a replay tag: with a million tags kept, a fresh packet meets one of them by chance once in 2^108. */
export const REPLAY_TAG_SIZE = 16;

const LABEL = new TextEncoder().encode("nym-gateway replay tag");

/**
 * What a packet is recognised by when it comes again: HMAC-SHA256(key = shared key, "nym-gateway replay tag"), its first
 * 16 bytes. Of the shared key, not of the bytes on the wire, because several encodings of the shared secret (bit 255 set,
 * for one) open the same packet. The label keeps it apart from the routing keys, and the tag gives none of them away.
 *
 * @param sharedKey 32 bytes: private key × shared secret
 */
export function replayTag(sharedKey: Uint8Array): Uint8Array {
  return hmac(sha256, sharedKey, LABEL).slice(0, REPLAY_TAG_SIZE);
}
