import { encodeIp } from "./ip_literal.ts";
import { type IpNetwork, isInNetwork, parseIpNetwork } from "./ip_network.ts";

/** Whom an IP address leads to. */
export type KindOfAddress =
  | "public"
  | "unspecified"
  | "loopback"
  | "private"
  | "link-local"
  | "behind a provider's NAT"
  | "documentation"
  | "multicast"
  | "reserved";

/** What is not public, by prefix (IANA's special-purpose registries). */
const RANGES: readonly [network: IpNetwork, kind: KindOfAddress][] = ([
  ["0.0.0.0/8", "unspecified"],
  ["127.0.0.0/8", "loopback"],
  ["10.0.0.0/8", "private"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  ["169.254.0.0/16", "link-local"],
  ["100.64.0.0/10", "behind a provider's NAT"],
  ["192.0.2.0/24", "documentation"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["fc00::/7", "private"],
  ["fec0::/10", "private"],
  ["fe80::/10", "link-local"],
  ["2001:db8::/32", "documentation"],
  ["ff00::/8", "multicast"],
] as const).map(([range, kind]) => [parseIpNetwork(range)!, kind]);

const EMBEDDING_BITS = 96;
/** Prefixes of IPv6 addresses that end in the IPv4 address they lead to: mapped (RFC 4291), and through NAT64 (RFC 6052). */
const EMBEDDING = ["::ffff:0:0", "64:ff9b::"].map((prefix): IpNetwork => ({
  octets: encodeIp(prefix)!,
  bits: EMBEDDING_BITS,
}));

/** Undefined when `host` is a name. */
export function kindOfAddress(host: string): KindOfAddress | undefined {
  const octets = encodeIp(host);
  return octets === undefined ? undefined : kindOf(octets);
}

function kindOf(octets: Uint8Array): KindOfAddress {
  if (EMBEDDING.some((network) => isInNetwork(octets, network))) return kindOf(octets.subarray(EMBEDDING_BITS / 8));
  return RANGES.find(([network]) => isInNetwork(octets, network))?.[1] ?? "public";
}
