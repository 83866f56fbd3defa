import { decodeIp, encodeIp } from "./ip_literal.ts";

/** ::ffff:0:0/96, by which sockets that take both families show IPv4 peers (RFC 4291 §2.5.5.2) */
export const IPV4_MAPPED: Uint8Array = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/**
 * The 4 octets of an IPv4 address, plain or mapped, or the 16 of another IPv6 address, as a socket gives them: perhaps
 * with a zone. undefined if the text is no address.
 */
export function peerOctets(host: string): Uint8Array | undefined {
  const octets = encodeIp(host.replace(/%.*/, ""));
  return octets !== undefined && isMapped(octets) ? octets.subarray(IPV4_MAPPED.length) : octets;
}

/** Whether these are the 16 octets of a mapped IPv4 address. */
export function isMapped(octets: Uint8Array): boolean {
  return octets.length === 16 && IPV4_MAPPED.every((octet, i) => octets[i] === octet);
}

/** The address in its canonical form, a mapped one of IPv4 as such; a text that is no address stays as it is. */
export function peerAddress(host: string): string {
  const octets = peerOctets(host);
  return octets === undefined ? host : decodeIp(octets);
}

/** Whether the address is this machine's own: 127.0.0.0/8 or ::1. */
export function isLoopback(host: string): boolean {
  const octets = peerOctets(host);
  if (octets === undefined) return false;
  return octets.length === 4 ? octets[0] === 127 : octets.every((octet, i) => octet === (i === 15 ? 1 : 0));
}
