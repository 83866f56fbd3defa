import { parseIp } from "../addresses/ip_literal.ts";
import { isNamed } from "../addresses/named_addresses.ts";
import { formatSocketAddress, parseSocketAddress } from "../addresses/socket_address.ts";

/**
 * Normalizes a listening address, `ip` or `ip:port` with IPv6 in brackets or not, to `ip:port`. The port defaults to
 * `defaultPort`. Undefined for anything else, including port 0, which could not be announced.
 */
export function listeningAddress(text: string, defaultPort: number): string | undefined {
  const address = parseSocketAddress(text) ?? parseSocketAddress(`${bracketed(text)}:${defaultPort}`);
  return address && address.port !== 0 ? formatSocketAddress(address) : undefined;
}

/**
 * Normalizes an address to announce, `host` or `host:port`, to `host:port`. The host may be a DNS name. The port
 * defaults to `defaultPort`. Undefined for anything else.
 */
export function announceAddress(text: string, defaultPort: number): string | undefined {
  const ip = listeningAddress(text, defaultPort);
  if (ip !== undefined) return ip;
  const named = text.includes(":") ? text : `${text}:${defaultPort}`;
  return isNamed(named) ? named : undefined;
}

/**
 * Normalizes the address that clients connect to. A `ws://` or `wss://` URL is kept, as `webSocketUrl` returns it; without
 * a port, the scheme's default port applies. `host` or `host:port` is prefixed with `ws://`. Undefined for anything else.
 */
export function clientsAnnounceAddress(text: string, defaultPort: number): string | undefined {
  if (/^wss?:\d/i.test(text)) return undefined; // 0.7.0 writes this, without the host, for --clients-announce-port
  const url = webSocketUrl(text);
  if (url !== undefined) return url;
  const address = announceAddress(text, defaultPort);
  return address && webSocketUrl(`ws://${address}`);
}

/**
 * A `ws://` or `wss://` URL whose host is an IP address or a DNS name, with its scheme in lower case. Undefined for anything
 * else.
 */
export function webSocketUrl(text: string): string | undefined {
  const { scheme, authority, path } = splitUrl(text) ?? {};
  if (scheme === undefined || authority === undefined || path === undefined) return undefined;
  if (announceAddress(authority, ANY_PORT) === undefined || !URL.canParse(text)) return undefined;
  return `${scheme.toLowerCase()}${authority}${path}`;
}

/** The result of `announceAddress` or `clientsAnnounceAddress` with another port. */
export function withPort(address: string, port: number): string {
  const { scheme, authority, path } = splitUrl(address) ?? { scheme: "", authority: address, path: "" };
  return `${scheme}${withoutPort(authority)}:${port}${path}`;
}

/** The port of such an address; undefined if it has none. */
export function portOf(address: string): number | undefined {
  const { authority } = splitUrl(address) ?? { authority: address };
  const port = /:(\d+)$/.exec(authority)?.[1];
  return port === undefined ? undefined : parsePort(port);
}

/** The host of a listening address, without brackets, as in `127.0.0.1` or `::1`. */
export function hostOf(address: string): string {
  return withoutPort(address).replace(/^\[|\]$/g, "");
}

/** An IP address in canonical form, or a DNS name in lower case. Undefined for anything else. */
export function hostName(text: string): string | undefined {
  return parseIp(text.replace(/^\[(.*)\]$/, "$1")) ?? (isNamed(`${text}:${ANY_PORT}`) ? text.toLowerCase() : undefined);
}

/** Whether a text is an IPv6 address, as it has no brackets, and also another one with a port: `2001:db8::1:1789`. */
export function isAmbiguous(text: string): boolean {
  const [, host = ""] = /^(.*):\d+$/.exec(text) ?? [];
  return parseIp(text) !== undefined && parseIp(host) !== undefined;
}

/** Parses a port that can be announced: 1 to 65535, in decimal digits. Undefined for anything else. */
export function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

/**
 * The URL of a directory server: http or https, without credentials, which would end up in the log. Otherwise
 * undefined.
 */
export function directoryUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  return url.username + url.password + url.search + url.hash === "" ? text : undefined;
}

/** For addresses that may lack one. */
const ANY_PORT = 1;
const WEBSOCKET_URL = /^(?<scheme>wss?:\/\/)(?<authority>[^/?#@]+)(?<path>[/?][^#]*)?$/i;

function splitUrl(text: string): { scheme: string; authority: string; path: string } | undefined {
  const { scheme, authority, path = "" } = WEBSOCKET_URL.exec(text)?.groups ?? {};
  return scheme !== undefined && authority !== undefined ? { scheme, authority, path } : undefined;
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d+$/, "");
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
