import { parseIp } from "./ip_literal.ts";

/** Where a node listens. */
export interface SocketAddress {
  /** An IPv4 or IPv6 literal, IPv6 without brackets. */
  host: string;
  /** 0 to 65535. */
  port: number;
}

/**
 * Parses `1.2.3.4:5` or `[::1]:5`. The host is put in canonical form, so that equal addresses are equal text. Undefined
 * for anything else, including names.
 */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const match = /^(?:\[(?<ipv6>[^\]]*)\]|(?<ipv4>[^:]*)):(?<port>0|[1-9]\d{0,4})$/.exec(text);
  if (!match) return undefined;
  const { ipv6, ipv4, port } = match.groups!;
  const host = parseIp(ipv6 ?? ipv4!);
  if (host === undefined || host.includes(":") !== (ipv6 !== undefined) || Number(port) > 0xffff) return undefined;
  return { host, port: Number(port) };
}

/** `1.2.3.4:5` or `[::1]:5`. */
export function formatSocketAddress({ host, port }: SocketAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
