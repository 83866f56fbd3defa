import { parseIp } from "./ip_literal.ts";
import type { SocketAddress } from "./socket_address.ts";

/**
 * What a node may announce instead of `ip:port`; clients of 0.7.0 resolve it. The name is one of the DNS (RFC 1123 §2.1),
 * and its last label is not a number: that would be a mistyped IPv4 address.
 */
const NAMED = /^(?!.{254,}:)(?:(?!-|\d+\.?:)[\w-]{0,62}\w\b\.?)+:([1-9]\d{0,4})$/;
/** Names that are resolved, how many at a time, and the ms for all of them: slow name servers' names are left out. */
const MAX_NAMES = 256;
/** Addresses that count of a name: whoever owns the name may give it thousands. */
const MAX_ADDRESSES = 8;
const NAMES_AT_A_TIME = 16;
const LOOK_UP_TIME = 2000;

/** Looks up a host's IP addresses. */
export type LookUp = (name: string, signal: AbortSignal) => Promise<string[]>;

/**
 * The addresses of those `hosts` that are `name:port`, by that text, until `signal` is aborted or too much time has
 * passed. Names that can't be looked up, and all other hosts, are left out.
 */
export async function addressesOfNamed(
  hosts: Iterable<string>,
  lookUp: LookUp,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SocketAddress[]>> {
  const named = new Set<string>();
  for (const host of hosts) if (named.size < MAX_NAMES && isNamed(host)) named.add(host);
  const found = new Map<string, SocketAddress[]>();
  if (named.size === 0) return found;
  const late = AbortSignal.any([signal, AbortSignal.timeout(LOOK_UP_TIME)]);
  const isLate = new Promise((resolve) => late.addEventListener("abort", resolve));
  const waiting = named.values(); // shared by the concurrent lookups
  const lookUps = Array.from({ length: NAMES_AT_A_TIME }, async () => {
    for (const host of waiting) {
      if (late.aborted) return;
      const [name, port] = host.split(":");
      const ips = await lookUp(name!, late).catch(() => []);
      const addresses = ips.slice(0, MAX_ADDRESSES).flatMap((ip) => parseIp(ip) ?? []);
      found.set(host, addresses.map((ip) => ({ host: ip, port: Number(port) })));
    }
  });
  await Promise.race([Promise.all(lookUps), isLate]);
  return new Map(found);
}

/** Whether a node's address is `name:port`. */
export function isNamed(host: string): boolean {
  return Number(NAMED.exec(host)?.[1]) <= 0xffff;
}
