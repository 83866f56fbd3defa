import { parseSocketAddress } from "../../addresses/socket_address.ts";

/** IPv4 ranges by prefix (IANA's special-purpose registry), and what is said of them. */
const IPV4: readonly [prefix: RegExp, kind: string][] = [
  [/^0\./, "no particular one"],
  [/^127\./, "this machine's own"],
  [/^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\./, "private"],
  [/^169\.254\./, "of one cable only"],
  [/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./, "behind a provider's NAT"],
  [/^(192\.0\.2|198\.51\.100|203\.0\.113)\./, "for examples only"],
  [/^(22[4-9]|2[3-5]\d)\./, "no machine's"],
];

const IPV6: readonly [prefix: RegExp, kind: string][] = [
  [/^::$/, "no particular one"],
  [/^::1$/, "this machine's own"],
  [/^f[cd]/i, "private"],
  [/^fe[89ab]/i, "of one cable only"],
  [/^2001:db8:/i, "for examples only"],
  [/^ff/i, "no machine's"],
];

/** Before an IPv4 address as IPv6 has it (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Who can reach an IP address: "public" for everybody, else in words; undefined when `host` is a name. */
export function kindOfAddress(host: string): string | undefined {
  if (MAPPED.test(host)) return kindOfAddress(host.replace(MAPPED, ""));
  const isIpv6 = host.includes(":");
  if (parseSocketAddress(isIpv6 ? `[${host}]:1` : `${host}:1`) === undefined) return undefined;
  const special = (isIpv6 ? IPV6 : IPV4).find(([prefix]) => prefix.test(host));
  return special?.[1] ?? "public";
}
