import { encodeIp } from "../../src/addresses/ip_literal.ts";

/** A header of version 1 of the PROXY protocol, as a proxy makes it for a client at `source`; UNKNOWN without one. */
export function textHeader(source: string | undefined): Uint8Array<ArrayBuffer> {
  const line = source === undefined
    ? "PROXY UNKNOWN"
    : `PROXY ${source.includes(":") ? `TCP6 ${source} ::1` : `TCP4 ${source} 127.0.0.1`} 56324 443`;
  return new TextEncoder().encode(`${line}\r\n`);
}

/** A header of version 2, with an extension of `extra` bytes if that is not 0; LOCAL without a source. */
export function binaryHeader(source: string | undefined, extra = 0): Uint8Array<ArrayBuffer> {
  const ip = source === undefined ? undefined : encodeIp(source)!;
  const addresses = ip === undefined ? [] : [...ip, ...ip, 0xdc, 0x04, 0x01, 0xbb];
  const extension = extra === 0 ? [] : [0x04, extra >> 8, extra & 0xff, ...new Uint8Array(extra)]; // PP2_TYPE_NOOP
  const rest = [...addresses, ...extension];
  const [command, family] = ip === undefined ? [0x20, 0x00] : [0x21, ip.length === 4 ? 0x11 : 0x21];
  const signature = new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n");
  return Uint8Array.of(...signature, command, family, rest.length >> 8, rest.length & 0xff, ...rest);
}
