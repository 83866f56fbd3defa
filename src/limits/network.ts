import { encodeIp } from "../addresses/ip_literal.ts";

/** Octets that name a network: what one party is usually given whole is a /24 of IPv4, a /64 of IPv6. */
const IPV4_PREFIX = 3;
const IPV6_PREFIX = 8;
/** ::ffff:0:0/96, by which sockets that take both families show IPv4 peers (RFC 4291 §2.5.5.2) */
const IPV4_MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

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

/** Whether the peer is on this machine: 127.0.0.0/8 or ::1. */
export function isLoopback(host: string): boolean {
  const octets = peerOctets(host);
  if (octets === undefined) return false;
  return octets.length === 4 ? octets[0] === 127 : octets.every((octet, i) => octet === (i === 15 ? 1 : 0));
}

/** The 4 octets of an IPv4 address, plain or mapped, or the 16 of another IPv6 address. */
function peerOctets(host: string): Uint8Array | undefined {
  const octets = encodeIp(host.replace(/%.*/, ""));
  const isMapped = octets?.length === 16 && IPV4_MAPPED.every((octet, i) => octets[i] === octet);
  return isMapped ? octets.subarray(IPV4_MAPPED.length) : octets;
}
