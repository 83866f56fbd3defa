const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
/** The characters of an IPv6 literal: keeps everything else, zones included, away from the URL parser. */
const IPV6_CHARACTERS = /^[\da-fA-F:.]*:[\da-fA-F:.]*$/;
const IPV6_GROUPS = 8;

/**
 * The canonical form of an IP address: dotted decimals, or the compressed lower-case form of RFC 5952 §4; undefined if
 * the text is neither. Strict: no leading zeros, no short forms of IPv4, no zone.
 */
export function parseIp(text: string): string | undefined {
  if (IPV4.test(text)) return text;
  if (!IPV6_CHARACTERS.test(text)) return undefined;
  return URL.parse(`http://[${text}]`)?.hostname.slice(1, -1);
}

/** The 4 or 16 octets of an IP address; undefined if the text is not one. */
export function encodeIp(text: string): Uint8Array | undefined {
  const ip = parseIp(text);
  if (ip === undefined) return undefined;
  return ip.includes(":") ? encodeIpv6(ip) : Uint8Array.from(ip.split("."), Number);
}

/** The canonical text of 4 or 16 octets. */
export function decodeIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const groups = Array.from({ length: IPV6_GROUPS }, (_, i) => view.getUint16(2 * i).toString(16));
  return parseIp(groups.join(":"))!;
}

/** Encodes the canonical form: eight hexadecimal groups, a run of zeros perhaps shortened to `::`. */
function encodeIpv6(ip: string): Uint8Array {
  const [head, tail] = ip.split("::").map((part) => part === "" ? [] : part.split(":"));
  const zeros = Array(IPV6_GROUPS - head!.length - (tail?.length ?? 0)).fill("0");
  const groups = [...head!, ...zeros, ...tail ?? []];
  const octets = new Uint8Array(2 * IPV6_GROUPS);
  const view = new DataView(octets.buffer);
  groups.forEach((group, i) => view.setUint16(2 * i, parseInt(group, 16)));
  return octets;
}
