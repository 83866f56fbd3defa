import { peerOctets } from "../addresses/peer.ts";

/** Octets that name a network: what one party is usually given whole is a /24 of IPv4, a /64 of IPv6. */
const IPV4_PREFIX = 3;
const IPV6_PREFIX = 8;

/**
 * The network that a peer is of, as a short text that is the same for all its addresses: its /24, or /64 for IPv6.
 *
 * @param host an IP address as a socket gives it, of IPv6 perhaps with a zone; what is none is a network of its own
 */
export function networkOf(host: string): string {
  const octets = peerOctets(host);
  if (octets === undefined) return host;
  return octets.subarray(0, octets.length === 4 ? IPV4_PREFIX : IPV6_PREFIX).toHex();
}
