import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** Bytes of a replay tag. With a million tags kept, a new packet collides with one of them with probability 2^-108. */
const REPLAY_TAG_SIZE = 16;

const LABEL = new TextEncoder().encode("nym-gateway replay tag");

/**
 * Identifies a packet that is replayed: the first 16 bytes of HMAC-SHA256(key = shared key, "nym-gateway replay tag").
 * It is derived from the shared key rather than from the bytes on the wire because several encodings of the shared secret
 * (bit 255 set, for one) open the same packet. The label separates it from the routing keys: it reveals none of them.
 *
 * @param sharedKey 32 bytes: private key × shared secret
 */
export function replayTag(sharedKey: Uint8Array): Uint8Array {
  return hmac(sha256, sharedKey, LABEL).slice(0, REPLAY_TAG_SIZE);
}
