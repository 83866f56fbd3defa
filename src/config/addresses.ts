import { parseIp } from "../addresses/ip_literal.ts";
import { formatSocketAddress, parseSocketAddress } from "../addresses/socket_address.ts";

/**
 * Reads a listening address given as `ip` or `ip:port`, IPv6 with or without brackets, and writes it as `ip:port`.
 * Without a port it is `defaultPort`. Undefined for anything else, port 0 included: nobody could be told of it.
 */
export function listeningAddress(text: string, defaultPort: number): string | undefined {
  const address = parseSocketAddress(text) ?? parseSocketAddress(`${bracketed(text)}:${defaultPort}`);
  return address && address.port !== 0 ? formatSocketAddress(address) : undefined;
}

/**
 * Reads an address to announce, given as `host` or `host:port`, and writes it as `host:port`. The host may be a DNS
 * name. Without a port it is `defaultPort`. Undefined for anything else.
 */
export function announceAddress(text: string, defaultPort: number): string | undefined {
  const ip = listeningAddress(text, defaultPort);
  if (ip !== undefined) return ip;
  const { host, port } = HOST_AND_PORT.exec(text)?.groups ?? {};
  if (host === undefined || !isHostName(host)) return undefined;
  const number = port === undefined ? defaultPort : parsePort(port);
  return number === undefined ? undefined : `${host}:${number}`;
}

/**
 * Reads the address that clients are to connect to. A `ws://` or `wss://` URL is kept, its scheme in small letters: a port
 * that it does not name is the scheme's own. `host` or `host:port` gets `ws://` in front. Undefined for anything else.
 */
export function clientsAnnounceAddress(text: string, defaultPort: number): string | undefined {
  const { scheme, authority, path } = splitUrl(text) ?? {};
  if (scheme !== undefined && authority !== undefined && path !== undefined) {
    if (announceAddress(authority, defaultPort) === undefined || !URL.canParse(text)) return undefined;
    return `${scheme.toLowerCase()}${authority}${path}`;
  }
  const address = announceAddress(text, defaultPort);
  return address && `ws://${address}`;
}

/** `address`, as `announceAddress` or `clientsAnnounceAddress` wrote it, with another port. */
export function withPort(address: string, port: number): string {
  const { scheme, authority, path } = splitUrl(address) ?? { scheme: "", authority: address, path: "" };
  return `${scheme}${withoutPort(authority)}:${port}${path}`;
}

/** The port of such an address, or undefined where it names none. */
export function portOf(address: string): number | undefined {
  const { authority } = splitUrl(address) ?? { authority: address };
  const port = /:(\d+)$/.exec(authority)?.[1];
  return port === undefined ? undefined : parsePort(port);
}

/** The host of a listening address, as `127.0.0.1` or `::1`. */
export function hostOf(address: string): string {
  return withoutPort(address).replace(/^\[|\]$/g, "");
}

/** A host's IP address in its one form, or its DNS name in small letters. Undefined for anything else. */
export function hostName(text: string): string | undefined {
  return parseIp(text.replace(/^\[(.*)\]$/, "$1")) ?? (isHostName(text) ? text.toLowerCase() : undefined);
}

/** A port that can be listened on and told to others, 1 to 65535, in decimal digits. */
export function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** The URL of a directory server: http or https, without a user's name or password, which would end up in the log. */
export function directoryUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  return url.username + url.password + url.search + url.hash === "" ? text : undefined;
}

const HOST_AND_PORT = /^(?<host>[^:]+)(?::(?<port>[^:]+))?$/;
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

/** A DNS name (RFC 1123 §2.1); one whose last label is all digits would be a mistyped IPv4 address. */
function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.replace(/\.$/, "").split(".");
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
}
