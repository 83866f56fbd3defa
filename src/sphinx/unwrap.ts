import { equalBytes } from "@noble/ciphers/utils.js";
import {
  ADDRESS_SIZE,
  FINAL_FLAG,
  FORWARD_FLAG,
  FORWARD_META_SIZE,
  MAC_OFFSET,
  MESSAGE_OFFSET,
  MESSAGE_TERMINATOR,
  META_PREFIX_SIZE,
  NODE_ADDRESS_SIZE,
  PACKET_SIZE,
  PAYLOAD_OFFSET,
  PAYLOAD_ZEROS_SIZE,
  POINT_SIZE,
  ROUTING_OFFSET,
  ROUTING_SIZE,
  ROUTING_STEP_SIZE,
  STREAM_SIZE,
} from "./constants.ts";
import { multiply, reduceScalar } from "./curve.ts";
import { headerMac, xorStream } from "./header_protection.ts";
import { decrypt } from "./lioness.ts";
import { replayTag } from "./replay_tag.ts";
import { deriveRoutingKeys, eraseRoutingKeys, type RoutingKeys } from "./routing_keys.ts";

/**
 * Why a packet is invalid, in the order of the checks:
 * - `low_order`: the shared secret is a point of low order, so anyone could derive the keys;
 * - `mac`: the header was not made for this node, or was changed;
 * - `flag`: neither a forward nor a final hop;
 * - `padding`: the final payload was changed: it does not start with 16 zeros, or its message does not end with 0x01 and zeros;
 * - `destination`: the payload names another client than the header.
 */
export type DropReason = "low_order" | "mac" | "flag" | "padding" | "destination";

/** What a hop finds in a packet. The arrays are its own: they share no memory with the packet. */
export type Unwrapped =
  | {
    kind: "message";
    /** The client's address: 32 bytes. */
    destination: Uint8Array;
    /** 0 to 975 bytes. */
    message: Uint8Array;
    /** 16 bytes. */
    replayTag: Uint8Array;
  }
  | {
    kind: "forward";
    /** 32 bytes, zero-padded (spec §3). */
    nextAddress: Uint8Array;
    /** How long this hop holds the packet: nanoseconds. */
    delay: bigint;
    /** The packet for the next hop. */
    packet: Uint8Array;
    /** 16 bytes. */
    replayTag: Uint8Array;
  }
  | { kind: "dropped"; reason: DropReason };

/**
 * Removes one hop's layer from a packet (spec §2). A final hop costs one scalar multiplication, a forward hop two. It is
 * stricter than 0.7.0, which looks only for the last 0x01 in the payload.
 *
 * @param packet 1372 bytes; not modified
 * @param privateKey 32 bytes, canonical
 * @throws RangeError for other lengths or keys
 */
export function unwrap(packet: Uint8Array, privateKey: Uint8Array): Unwrapped {
  if (packet.length !== PACKET_SIZE) throw new RangeError(`a packet is ${PACKET_SIZE} bytes, got ${packet.length}`);
  const sharedKey = multiply(privateKey, packet.subarray(0, POINT_SIZE));
  if (!sharedKey) return dropped("low_order");
  const keys = deriveRoutingKeys(sharedKey);
  const result = unwrapWithKeys(packet, sharedKey, keys);
  sharedKey.fill(0);
  eraseRoutingKeys(keys);
  return result;
}

function unwrapWithKeys(packet: Uint8Array, sharedKey: Uint8Array, keys: RoutingKeys): Unwrapped {
  const routing = packet.subarray(ROUTING_OFFSET, PAYLOAD_OFFSET);
  if (!equalBytes(headerMac(keys.macKey, routing), packet.subarray(MAC_OFFSET, ROUTING_OFFSET))) return dropped("mac");

  const extended = new Uint8Array(STREAM_SIZE);
  extended.set(routing);
  const plain = xorStream(keys.streamKey, extended);
  switch (plain[0]) {
    case FORWARD_FLAG:
      return forwardHop(packet, plain, sharedKey, keys);
    case FINAL_FLAG:
      return finalHop(packet, plain, sharedKey, keys);
    default:
      return dropped("flag");
  }
}

/** plain = flag and version (4) ‖ next address (32) ‖ delay (8) ‖ next MAC (16) ‖ next routing information (300). */
function forwardHop(packet: Uint8Array, plain: Uint8Array, sharedKey: Uint8Array, keys: RoutingKeys): Unwrapped {
  const nextSecret = multiply(reduceScalar(keys.blindingFactor), packet.subarray(0, POINT_SIZE));
  if (!nextSecret) return dropped("low_order");
  const next = new Uint8Array(PACKET_SIZE);
  next.set(nextSecret);
  next.set(plain.subarray(FORWARD_META_SIZE, ROUTING_STEP_SIZE + ROUTING_SIZE), MAC_OFFSET); // MAC and routing
  next.set(decrypt(keys.payloadKey, packet.subarray(PAYLOAD_OFFSET)), PAYLOAD_OFFSET);

  const delayOffset = META_PREFIX_SIZE + NODE_ADDRESS_SIZE;
  return {
    kind: "forward",
    nextAddress: plain.slice(META_PREFIX_SIZE, delayOffset),
    delay: new DataView(plain.buffer, plain.byteOffset).getBigUint64(delayOffset),
    packet: next,
    replayTag: replayTag(sharedKey),
  };
}

/** plain = flag and version (4) ‖ destination (32) ‖ identifier (16) ‖ padding. */
function finalHop(packet: Uint8Array, plain: Uint8Array, sharedKey: Uint8Array, keys: RoutingKeys): Unwrapped {
  const destination = plain.slice(META_PREFIX_SIZE, META_PREFIX_SIZE + ADDRESS_SIZE);
  const payload = decrypt(keys.payloadKey, packet.subarray(PAYLOAD_OFFSET));

  const end = payload.findLastIndex((byte) => byte !== 0);
  const isPadded = end >= MESSAGE_OFFSET && payload[end] === MESSAGE_TERMINATOR &&
    payload.subarray(0, PAYLOAD_ZEROS_SIZE).every((byte) => byte === 0);
  if (!isPadded) return dropped("padding");
  if (!equalBytes(payload.subarray(PAYLOAD_ZEROS_SIZE, MESSAGE_OFFSET), destination)) return dropped("destination");

  return {
    kind: "message",
    destination,
    message: payload.slice(MESSAGE_OFFSET, end),
    replayTag: replayTag(sharedKey),
  };
}

function dropped(reason: DropReason): Unwrapped {
  return { kind: "dropped", reason };
}
