import { encodeIp } from "./ip_literal.ts";
import { IPV4_MAPPED, isMapped } from "./peer.ts";

/** The IP addresses of one family that begin with the same bits. */
export interface IpNetwork {
  /** an address in it: 4 or 16 octets */
  readonly octets: Uint8Array;
  /** how many of the first bits are the same */
  readonly bits: number;
}

/**
 * Parses an IP address, or one with a length as in `10.0.0.0/8`; bits after the length do not matter. A network of mapped
 * addresses becomes one of IPv4. Undefined for anything else.
 */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const [address, length, ...more] = text.split("/");
  const octets = encodeIp(address!);
  if (octets === undefined || more.length > 0) return undefined;
  const most = 8 * octets.length;
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const bits = length === undefined ? most : Number(length);
  if (bits > most) return undefined;
  const mapping = 8 * IPV4_MAPPED.length;
  return isMapped(octets) && bits >= mapping
    ? { octets: octets.subarray(IPV4_MAPPED.length), bits: bits - mapping }
    : { octets, bits };
}

/** Whether the address, of 4 or 16 octets, is in the network. */
export function isInNetwork(address: Uint8Array, { octets, bits }: IpNetwork): boolean {
  if (address.length !== octets.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== octets[i]) return false;
  const mask = 0xff00 >> (bits & 7) & 0xff;
  return mask === 0 || (address[whole]! & mask) === (octets[whole]! & mask);
}
