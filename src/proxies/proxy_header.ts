import { decodeIp, parseIp } from "../addresses/ip_literal.ts";
import { peerAddress } from "../addresses/peer.ts";

/**
 * The longest header accepted, in bytes, including extensions. The format allows 65,551; proxies send a few hundred.
 */
export const MAX_SIZE = 4096;
/** The longest header of version 1, with its CRLF (PROXY protocol §2.1). */
const MAX_TEXT_SIZE = 107;

const TEXT_SIGNATURE = new TextEncoder().encode("PROXY ");
const BINARY_SIGNATURE = new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n");
/** signature, version and command, family, length */
const BINARY_START = BINARY_SIGNATURE.length + 4;
const LOCAL = 0x20;
const PROXY = 0x21;
/** The sizes of the addresses of each family and transport (§2.2). */
const ADDRESS_SIZES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
]);
const LF = 10;

/** What a connection from a trusted proxy begins with. */
export type Beginning =
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed" }
  | {
    readonly kind: "whole";
    /** the IP address of the proxy's client, in canonical form; undefined if there is no header or it has none */
    readonly source: string | undefined;
    /** the bytes after the header */
    readonly rest: Uint8Array;
  };

/**
 * Reads the PROXY protocol header, version 1 or 2, with which a connection may begin. Takes bounded memory,
 * and is done once `push` returns anything but `incomplete`. Pure.
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */
export class ProxyHeader {
  #bytes: Uint8Array = new Uint8Array(0);

  /** Whether a header has begun but not ended. */
  get isBegun(): boolean {
    return this.#bytes.length > 0;
  }

  /** Takes the next bytes, cut anywhere, and returns what the connection begins with, as far as is known. */
  push(bytes: Uint8Array): Beginning {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    const header = read(all);
    if (header === "incomplete") this.#bytes = all;
    if (typeof header === "string") return { kind: header };
    return { kind: "whole", source: header.source, rest: all.subarray(header.size) };
  }
}

type Header = "incomplete" | "malformed" | { readonly size: number; readonly source: string | undefined };

function read(bytes: Uint8Array): Header {
  if (beginsLike(bytes, TEXT_SIGNATURE)) return readText(bytes);
  if (beginsLike(bytes, BINARY_SIGNATURE)) return readBinary(bytes);
  return { size: 0, source: undefined };
}

function beginsLike(bytes: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.min(bytes.length, signature.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== signature[i]) return false;
  return true;
}

/** Version 1: `PROXY TCP4 <source> <destination> <source port> <destination port>`, or `PROXY UNKNOWN` and anything. */
function readText(bytes: Uint8Array): Header {
  const end = bytes.subarray(0, MAX_TEXT_SIZE).indexOf(LF);
  if (end < 0) return bytes.length < MAX_TEXT_SIZE ? "incomplete" : "malformed";
  const size = end + 1;
  const line = String.fromCharCode(...bytes.subarray(0, size));
  if (/^PROXY UNKNOWN(?: [^\r]*)?\r\n$/.test(line)) return { size, source: undefined };
  const [, family, from, to, ...ports] = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line) ?? [];
  const [source, destination] = [from, to].map((text) => text === undefined ? undefined : parseIp(text));
  if (source === undefined || destination === undefined || !ports.every(isPort)) return "malformed";
  if ([source, destination].some((ip) => ip.includes(":") !== (family === "6"))) return "malformed";
  return { size, source: peerAddress(source) };
}

function isPort(text: string): boolean {
  return Number(text) <= 0xffff && String(Number(text)) === text;
}

/** Version 2: addresses as octets, and then extensions, which are skipped. */
function readBinary(bytes: Uint8Array): Header {
  if (bytes.length < BINARY_START) return "incomplete";
  const [command, family, high, low] = bytes.subarray(BINARY_SIGNATURE.length);
  const length = high! << 8 | low!;
  const size = BINARY_START + length;
  if (size > MAX_SIZE || (command !== LOCAL && command !== PROXY)) return "malformed";
  const addresses = command === LOCAL ? 0 : ADDRESS_SIZES.get(family!);
  if (addresses === undefined || addresses > length) return "malformed";
  if (bytes.length < size) return "incomplete";
  const ip = addresses === 12 ? 4 : addresses === 36 ? 16 : 0; // nothing, or a path, otherwise
  if (ip === 0) return { size, source: undefined };
  return { size, source: peerAddress(decodeIp(bytes.slice(BINARY_START, BINARY_START + ip))) };
}
