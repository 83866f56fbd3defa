import { concatBytes } from "@noble/hashes/utils.js";
import {
  ADDRESS_SIZE,
  MAX_HOPS,
  MAX_MESSAGE_SIZE,
  MESSAGE_OFFSET,
  MESSAGE_TERMINATOR,
  NODE_ADDRESS_SIZE,
  PADDING_SIZE,
  PAYLOAD_SIZE,
  PAYLOAD_ZEROS_SIZE,
} from "./constants.ts";
import { multiply, multiplyScalars, publicKeyOf, randomScalar, reduceScalar } from "./curve.ts";
import { buildHeader, type Hop } from "./header.ts";
import { encrypt } from "./lioness.ts";
import { deriveRoutingKeys, eraseRoutingKeys, type RoutingKeys } from "./routing_keys.ts";

export type { Hop } from "./header.ts";

/** What a packet is built from, its randomness included. */
export interface PacketPlan {
  /** 1 to 5 hops, ending with the recipient's gateway */
  readonly route: readonly Hop[];
  /** the recipient's client address: 32 bytes */
  readonly destination: Uint8Array;
  /** 0 to 975 bytes */
  readonly message: Uint8Array;
  /** a random canonical scalar, of which the shared secrets are made */
  readonly secret: Uint8Array;
  /** `PADDING_SIZE` random bytes */
  readonly padding: Uint8Array;
}

/** Builds packets: the reference, in JavaScript, or a kernel. */
export interface Builder {
  /**
   * The packet of a plan, 1372 bytes, for the first hop. Undefined if the public key of a hop is a point of low order.
   */
  build(plan: PacketPlan): Uint8Array | undefined;
}

/** What kernels are tested against. */
export const REFERENCE: Builder = { build };

/**
 * Wraps a message in a layer for each hop (spec §2). Two packets with the same message look unrelated.
 *
 * @param route 1 to 5 hops, ending with the recipient's gateway
 * @param destination the recipient's client address: 32 bytes
 * @param message 0 to 975 bytes
 * @param builder what builds; the reference by default
 * @returns 1372 bytes, for the first hop
 * @throws RangeError for a longer route or message, and for fields of a wrong length or keys of low order
 */
export function buildPacket(
  route: readonly Hop[],
  destination: Uint8Array,
  message: Uint8Array,
  builder: Builder = REFERENCE,
): Uint8Array {
  check(route, destination, message);
  const secret = randomScalar();
  const padding = crypto.getRandomValues(new Uint8Array(PADDING_SIZE));
  const packet = builder.build({ route, destination, message, secret, padding });
  secret.fill(0);
  if (!packet) throw new RangeError("Cannot build a packet: the public key of a hop is a point of low order");
  return packet;
}

function check(route: readonly Hop[], destination: Uint8Array, message: Uint8Array): void {
  if (route.length < 1 || route.length > MAX_HOPS) {
    throw new RangeError(`Cannot build a packet: a route has 1 to ${MAX_HOPS} hops, got ${route.length}`);
  }
  if (destination.length !== ADDRESS_SIZE) {
    throw new RangeError(`Cannot build a packet: a destination is ${ADDRESS_SIZE} bytes, got ${destination.length}`);
  }
  if (message.length > MAX_MESSAGE_SIZE) {
    throw new RangeError(
      `Cannot build a packet: a message is at most ${MAX_MESSAGE_SIZE} bytes, got ${message.length}; split it first`,
    );
  }
  for (const { address, delay } of route) {
    if (address.length !== NODE_ADDRESS_SIZE) {
      throw new RangeError(
        `Cannot build a packet: a hop's address is ${NODE_ADDRESS_SIZE} bytes, got ${address.length}`,
      );
    }
    if (delay !== BigInt.asUintN(64, delay)) {
      throw new RangeError(`Cannot build a packet: a hop's delay is a u64 of nanoseconds, got ${delay}`);
    }
  }
}

function build({ route, destination, message, secret, padding }: PacketPlan): Uint8Array | undefined {
  const keys = keysAlong(route, secret);
  if (!keys) return undefined;
  const header = buildHeader(publicKeyOf(secret), route, keys, destination, padding);
  let payload = finalPayload(destination, message);
  for (const { payloadKey } of keys.toReversed()) payload = encrypt(payloadKey, payload);
  keys.forEach(eraseRoutingKeys);
  return concatBytes(header, payload);
}

/** Each hop's keys. The secret is blinded from hop to hop just as the hops will blind the shared secret. */
function keysAlong(route: readonly Hop[], secret: Uint8Array): RoutingKeys[] | undefined {
  let blinded: Uint8Array = secret.slice();
  const keysOfHops: RoutingKeys[] = [];
  for (const { publicKey } of route) {
    const sharedKey = multiply(blinded, publicKey);
    if (!sharedKey) return undefined;
    const keys = deriveRoutingKeys(sharedKey);
    sharedKey.fill(0);
    const next = multiplyScalars(blinded, reduceScalar(keys.blindingFactor));
    blinded.fill(0);
    blinded = next;
    keysOfHops.push(keys);
  }
  blinded.fill(0);
  return keysOfHops;
}

/** 16 zeros ‖ destination ‖ message ‖ 0x01 ‖ zeros. */
function finalPayload(destination: Uint8Array, message: Uint8Array): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_SIZE);
  payload.set(destination, PAYLOAD_ZEROS_SIZE);
  payload.set(message, MESSAGE_OFFSET);
  payload[MESSAGE_OFFSET + message.length] = MESSAGE_TERMINATOR;
  return payload;
}
