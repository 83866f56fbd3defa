import { peerOctets } from "../addresses/peer.ts";

/** Octets that identify a network. One party is usually given a whole /24 of IPv4 or /64 of IPv6. */
const IPV4_PREFIX = 3;
const IPV6_PREFIX = 8;
/** An IPv6 site usually has a /48, which contains 65,536 networks. */
const IPV6_SITE_PREFIX = 6;
const IPV6_NETWORK = /^[0-9a-f]{16}$/;

/** The limit of a site in networks: a hosting company may have several customers in a /48. */
const NETWORKS_OF_SITE = 4;

/** The network of peers on this machine; differs from every result of `networkOf`. */
export const THIS_MACHINE = "this machine";
/** The limit of this machine in networks: enough for load tests and for programs that run many clients. */
const NETWORKS_OF_THIS_MACHINE = 32;

/**
 * The network of a peer: a short text that is the same for all addresses of its /24, or of its /64 for IPv6.
 *
 * @param host an IP address as a socket reports it, for IPv6 perhaps with a zone; anything else is its own network
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

/** The ranges that a peer of the network counts towards: its network and its site, each with its limit in networks. */
export function rangesOf(network: string): { range: string; networks: number }[] {
  const own = { range: network, networks: network === THIS_MACHINE ? NETWORKS_OF_THIS_MACHINE : 1 };
  const site = siteOf(network);
  return site === network ? [own] : [own, { range: site, networks: NETWORKS_OF_SITE }];
}
