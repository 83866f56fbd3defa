import {
  DELAY_SIZE,
  FINAL_FLAG,
  FINAL_META_SIZE,
  FORWARD_FLAG,
  FORWARD_META_SIZE,
  HEADER_SIZE,
  MAC_OFFSET,
  META_PREFIX_SIZE,
  ROUTING_OFFSET,
  ROUTING_SIZE,
  ROUTING_STEP_SIZE,
  STREAM_SIZE,
  VERSION,
} from "./constants.ts";
import { headerMac, xorStream } from "./header_protection.ts";
import type { RoutingKeys } from "./routing_keys.ts";

/** A node on a packet's route. */
export interface Hop {
  /** 32 bytes. */
  publicKey: Uint8Array;
  /** Where the previous hop sends the packet: 32 bytes, zero-padded (spec §3). Unused for the first hop. */
  address: Uint8Array;
  /** How long this hop holds the packet: a u64 of nanoseconds. Unused for the last hop. */
  delay: bigint;
}

/**
 * The header of a packet: shared secret ‖ MAC ‖ routing information (spec §2). It is built from the last hop to the
 * first, each hop's routing information holding the MAC and the routing information of the next.
 *
 * @param sharedSecret 32 bytes, as the first hop receives it
 * @param keys the keys of each hop on the route
 * @param padding `PADDING_SIZE` random bytes
 * @returns 348 bytes
 */
export function buildHeader(
  sharedSecret: Uint8Array,
  route: readonly Hop[],
  keys: readonly RoutingKeys[],
  destination: Uint8Array,
  padding: Uint8Array,
): Uint8Array {
  const last = keys.length - 1;
  let routing = finalRouting(keys[last]!, destination, padding, fillerAfter(keys.slice(0, last)));
  let mac = headerMac(keys[last]!.macKey, routing);
  for (let i = last - 1; i >= 0; i--) {
    routing = forwardRouting(keys[i]!, route[i + 1]!.address, route[i]!.delay, mac, routing);
    mac = headerMac(keys[i]!.macKey, routing);
  }

  const header = new Uint8Array(HEADER_SIZE);
  header.set(sharedSecret);
  header.set(mac, MAC_OFFSET);
  header.set(routing, ROUTING_OFFSET);
  return header;
}

/**
 * The tail of the last hop's routing information once each forward hop has shifted its own step out and keystream in.
 * It must be known beforehand because the last MAC covers it. One step for each forward hop.
 */
function fillerAfter(forwardKeys: readonly RoutingKeys[]): Uint8Array {
  let filler = new Uint8Array(0);
  for (const { streamKey } of forwardKeys) {
    const stream = new Uint8Array(STREAM_SIZE);
    stream.set(filler, ROUTING_SIZE - filler.length);
    filler = new Uint8Array(xorStream(streamKey, stream).subarray(ROUTING_SIZE - filler.length));
  }
  return filler;
}

function finalRouting(
  keys: RoutingKeys,
  destination: Uint8Array,
  padding: Uint8Array,
  filler: Uint8Array,
): Uint8Array {
  const plain = new Uint8Array(ROUTING_SIZE - filler.length);
  plain.set([FINAL_FLAG, ...VERSION]);
  plain.set(destination, META_PREFIX_SIZE); // and an identifier of zeros
  plain.set(padding.subarray(0, plain.length - FINAL_META_SIZE), FINAL_META_SIZE);

  const routing = new Uint8Array(ROUTING_SIZE);
  routing.set(xorStream(keys.streamKey, plain));
  routing.set(filler, plain.length);
  return routing;
}

/** The last step of `nextRouting` is omitted: this hop's keystream will put it there (see `fillerAfter`). */
function forwardRouting(
  keys: RoutingKeys,
  nextAddress: Uint8Array,
  delay: bigint,
  nextMac: Uint8Array,
  nextRouting: Uint8Array,
): Uint8Array {
  const plain = new Uint8Array(ROUTING_SIZE);
  plain.set([FORWARD_FLAG, ...VERSION]);
  plain.set(nextAddress, META_PREFIX_SIZE);
  new DataView(plain.buffer).setBigUint64(FORWARD_META_SIZE - DELAY_SIZE, delay);
  plain.set(nextMac, FORWARD_META_SIZE);
  plain.set(nextRouting.subarray(0, ROUTING_SIZE - ROUTING_STEP_SIZE), ROUTING_STEP_SIZE);
  return xorStream(keys.streamKey, plain);
}
