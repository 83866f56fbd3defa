import { parseIp } from "../addresses/ip_literal.ts";
import { peerAddress } from "../addresses/peer.ts";

/** The client of a request, according to its headers. */
export type Forwarded =
  | { readonly kind: "client"; /** its IP address in canonical form */ readonly address: string }
  /** the proxy did not say */
  | { readonly kind: "none" }
  /** the client has tampered: the two headers contradict each other, or its part makes `Forwarded` malformed */
  | { readonly kind: "invalid" };

/** The address of each hop, undefined if it is unknown; the client's comes first. */
type Hops = readonly (string | undefined)[];

/** How to parse each header in which a proxy names its client; undefined if it is malformed. */
const READERS: Readonly<Record<string, (value: string) => Hops | undefined>> = {
  "forwarded": hopsOf,
  "x-forwarded-for": (value) => value.split(",").map(addressOf),
};

/**
 * A parameter of `Forwarded`, if there is one, and what ends it (RFC 7239 §4); brackets and colons are taken unquoted
 * too.
 */
const PARAMETER = /[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)[ \t]*)?([;,]|$)/y;
/**
 * An address and perhaps a port, which may be obfuscated (RFC 7239 §6). IPv6 has brackets, except in `X-Forwarded-For`.
 */
const NODE = /^(?:\[([^\]]*)\](?::[\w.-]+)?|([\d.]+)(?::[\w.-]+)?|([\da-f:.]+))$/i;

/** Whether a request claims to have passed a proxy. A web page cannot make its browser claim that for a WebSocket. */
export function isForwarded(headers: Headers): boolean {
  return Object.keys(READERS).some((name) => headers.has(name));
}

/**
 * The client of a request from a trusted proxy, by `X-Forwarded-For` or `Forwarded` (RFC 7239): the last
 * address that is not a trusted proxy's. Earlier ones can be forged by the client. If all are trusted, it is the first
 * of them. Anything that is not an address ends the search.
 */
export function forwardedBy(headers: Headers, isTrusted: (ip: string) => boolean): Forwarded {
  const paths = Object.entries(READERS).filter(([name]) => headers.has(name))
    .map(([name, hopsIn]) => hopsIn(headers.get(name)!));
  const clients = paths.map((hops) => hops && lastUntrusted(hops, isTrusted));
  const [address] = clients;
  if (paths.includes(undefined) || clients.some((client) => client !== address)) return { kind: "invalid" };
  return address === undefined ? { kind: "none" } : { kind: "client", address };
}

/** The `for` of each element of a `Forwarded` header. */
function hopsOf(value: string): Hops | undefined {
  const hops: (string | undefined)[] = [];
  let hop: string | undefined;
  PARAMETER.lastIndex = 0;
  for (;;) {
    const found = PARAMETER.exec(value);
    if (found === null) return undefined;
    const [, name, text, end] = found;
    if (name?.toLowerCase() === "for") hop = addressOf(unquoted(text!));
    if (end === ";") continue;
    hops.push(hop);
    hop = undefined;
    if (end === "") return hops;
  }
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text;
}

function addressOf(node: string): string | undefined {
  const [, bracketed, ipv4, bare] = NODE.exec(node.trim()) ?? [];
  const ip = parseIp(bracketed ?? ipv4 ?? bare ?? "");
  if (ip === undefined || ip.includes(":") === (ipv4 !== undefined)) return undefined;
  return peerAddress(ip);
}

function lastUntrusted(hops: Hops, isTrusted: (ip: string) => boolean): string | undefined {
  let address: string | undefined;
  for (const hop of hops.toReversed()) {
    if (hop === undefined) break;
    address = hop;
    if (!isTrusted(hop)) break;
  }
  return address;
}
