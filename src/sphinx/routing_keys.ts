import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** What a hop derives from the key it shares with the sender; all four are views of one buffer. */
export interface RoutingKeys {
  /** AES-128-CTR over the routing information: 16 bytes. */
  streamKey: Uint8Array;
  /** HMAC-SHA256 of the routing information: 16 bytes. */
  macKey: Uint8Array;
  /** LIONESS over the payload: 192 bytes. */
  payloadKey: Uint8Array;
  /** The blinding factor for the next hop's shared secret: 32 bytes, not yet reduced. */
  blindingFactor: Uint8Array;
}

const SEED = new TextEncoder().encode(
  "Dwste mou enan moxlo arketa makru kai ena upomoxlio gia na ton topothetisw kai tha kinisw thn gh.",
);

const STREAM_KEY_SIZE = 16;
const MAC_KEY_SIZE = 16;
const PAYLOAD_KEY_SIZE = 192;
const BLINDING_FACTOR_SIZE = 32;
const MAC_KEY_OFFSET = STREAM_KEY_SIZE;
const PAYLOAD_KEY_OFFSET = MAC_KEY_OFFSET + MAC_KEY_SIZE;
const BLINDING_FACTOR_OFFSET = PAYLOAD_KEY_OFFSET + PAYLOAD_KEY_SIZE;
const ROUTING_KEYS_SIZE = BLINDING_FACTOR_OFFSET + BLINDING_FACTOR_SIZE;

/** HKDF-SHA256 of the shared key, without salt and with 0.7.0's seed as info (spec §2, RFC 5869). */
export function deriveRoutingKeys(sharedKey: Uint8Array): RoutingKeys {
  const okm = hkdf(sha256, sharedKey, undefined, SEED, ROUTING_KEYS_SIZE);
  return {
    streamKey: okm.subarray(0, MAC_KEY_OFFSET),
    macKey: okm.subarray(MAC_KEY_OFFSET, PAYLOAD_KEY_OFFSET),
    payloadKey: okm.subarray(PAYLOAD_KEY_OFFSET, BLINDING_FACTOR_OFFSET),
    blindingFactor: okm.subarray(BLINDING_FACTOR_OFFSET),
  };
}

/** Overwrites keys that are no longer needed. */
export function eraseRoutingKeys(keys: RoutingKeys): void {
  keys.streamKey.fill(0);
  keys.macKey.fill(0);
  keys.payloadKey.fill(0);
  keys.blindingFactor.fill(0);
}
