import { decodeIp, encodeIp } from "./ip_literal.ts";
import { type IpNetwork, isInNetwork, parseIpNetwork } from "./ip_network.ts";

/** What kind of machine an IP address leads to, worded to follow "is". */
export type KindOfAddress =
  | "public"
  | "unspecified"
  | "loopback"
  | "private"
  | "link-local"
  | "behind a provider's NAT"
  | "reserved for documentation"
  | "multicast"
  | "reserved";

/**
 * What is not public, by prefix (IANA's special-purpose registries). 198.18.0.0/15 and 2001:2::/48 count as public: networks
 * for measurements stand for the internet.
 */
const RANGES: readonly [network: IpNetwork, kind: KindOfAddress][] = ([
  ["0.0.0.0/8", "unspecified"],
  ["127.0.0.0/8", "loopback"],
  ["10.0.0.0/8", "private"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  ["169.254.0.0/16", "link-local"],
  ["100.64.0.0/10", "behind a provider's NAT"],
  ["192.0.0.0/24", "reserved"],
  ["192.0.2.0/24", "reserved for documentation"],
  ["198.51.100.0/24", "reserved for documentation"],
  ["203.0.113.0/24", "reserved for documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["64:ff9b:1::/48", "private"], // NAT64 of one's own network (RFC 8215)
  ["fc00::/7", "private"],
  ["fec0::/10", "private"],
  ["5f00::/16", "private"], // segment routing, within a provider's network (RFC 9602)
  ["fe80::/10", "link-local"],
  ["100::/64", "reserved"],
  ["2001:db8::/32", "reserved for documentation"],
  ["3fff::/20", "reserved for documentation"],
  ["ff00::/8", "multicast"],
] as const).map(([range, kind]) => [parseIpNetwork(range)!, kind]);

const IPV4_SIZE = 4;
/** IPv6 addresses that lead to an IPv4 address, and the offset at which they contain it. */
const EMBEDDING: readonly { readonly network: IpNetwork; readonly at: number }[] = [
  { network: { octets: encodeIp("::ffff:0:0")!, bits: 96 }, at: 12 }, // mapped (RFC 4291 §2.5.5.2)
  { network: { octets: encodeIp("::")!, bits: 96 }, at: 12 }, // compatible, from earlier days (§2.5.5.1)
  { network: { octets: encodeIp("64:ff9b::")!, bits: 96 }, at: 12 }, // through NAT64 (RFC 6052)
  { network: { octets: encodeIp("2002::")!, bits: 16 }, at: 2 }, // 6to4 (RFC 3056)
];

/** Undefined when `host` is a name. */
export function kindOfAddress(host: string): KindOfAddress | undefined {
  const octets = encodeIp(host);
  return octets === undefined ? undefined : rangeOf(octets) ?? rangeOf(embedded(octets)) ?? "public";
}

/**
 * The address, in canonical form, that packets to `host` reach: an IPv6 address may contain that of IPv4. A name stays as it
 * is.
 */
export function destinationOf(host: string): string {
  const octets = host.includes(":") ? encodeIp(host) : undefined;
  if (octets === undefined) return host;
  return decodeIp(rangeOf(octets) === undefined ? embedded(octets) : octets);
}

function rangeOf(octets: Uint8Array): KindOfAddress | undefined {
  return RANGES.find(([network]) => isInNetwork(octets, network))?.[1];
}

/** The IPv4 address in an IPv6 address that contains one; any other address as it is. */
function embedded(octets: Uint8Array): Uint8Array {
  const at = EMBEDDING.find(({ network }) => isInNetwork(octets, network))?.at;
  return at === undefined ? octets : octets.subarray(at, at + IPV4_SIZE);
}
