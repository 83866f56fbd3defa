import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Frame } from "./receipts.ts";

/** Bytes of an id. */
const ID_SIZE = 16;

/**
 * A message's id, 16 bytes in hex: the same whenever the message is pushed again, on any connection and after a restart,
 * and another one for an equal message that was sent separately. For a message of several fragments, the random ids of
 * its sets, which the fragments contain, make it so; for one of a single fragment, its number in the inbox does. A 0.7.0
 * gateway gives no numbers, but it pushes nothing twice, so there the id is random.
 *
 * @param frames of the message, in the order of its fragments
 */
export function messageId(frames: readonly Frame[]): string {
  const [first] = frames;
  const digests = frames.map(({ digest }) => hexToBytes(digest));
  if (frames.length > 1) return digestOf("set", ...digests);
  if (first?.number !== undefined) return digestOf(`number ${first.number}`, ...digests);
  return bytesToHex(crypto.getRandomValues(new Uint8Array(ID_SIZE)));
}

function digestOf(kind: string, ...digests: Uint8Array[]): string {
  return bytesToHex(sha256(concatBytes(utf8ToBytes(`peap message id, ${kind}: `), ...digests)).subarray(0, ID_SIZE));
}
