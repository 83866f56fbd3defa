import { peerOctets } from "../addresses/peer.ts";

/** Octets that name a network: what one party is usually given whole is a /24 of IPv4, a /64 of IPv6. */
const IPV4_PREFIX = 3;
const IPV6_PREFIX = 8;
/** A site of IPv6 has a /48, with 65,536 networks in it. */
const IPV6_SITE_PREFIX = 6;
const IPV6_NETWORK = /^[0-9a-f]{16}$/;

/** As many networks may a site count for: a hosting company has several customers in a /48. */
const NETWORKS_OF_SITE = 4;

/**
 * The network that a peer is of, as a short text that is the same for all its addresses: its /24, or /64 for IPv6.
 *
 * @param host an IP address as a socket gives it, of IPv6 perhaps with a zone; anything else is a network of its own
 */
export function networkOf(host: string): string {
  const octets = peerOctets(host);
  if (octets === undefined) return host;
  return octets.subarray(0, octets.length === 4 ? IPV4_PREFIX : IPV6_PREFIX).toHex();
}

/** The site that a network is part of: the /48 of a /64; a network of IPv4 is its own. */
export function siteOf(network: string): string {
  return IPV6_NETWORK.test(network) ? network.slice(0, 2 * IPV6_SITE_PREFIX) : network;
}

/** Where a peer of the network counts, its own network and its site, and for how many networks the limits of each are. */
export function rangesOf(network: string): { range: string; networks: number }[] {
  const own = { range: network, networks: 1 };
  const site = siteOf(network);
  return site === network ? [own] : [own, { range: site, networks: NETWORKS_OF_SITE }];
}
