import { decodeIp, encodeIp } from "../addresses/ip_literal.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { NODE_ADDRESS_SIZE } from "./constants.ts";

/** A node address on the wire: type ‖ port (2) ‖ ip (spec §3). The type is also the IP version. */
const IPV4_TYPE = 4;
const IPV6_TYPE = 6;
const PORT_OFFSET = 1;
const IP_OFFSET = PORT_OFFSET + 2;
const IPV4_ADDRESS_SIZE = IP_OFFSET + 4;
const IPV6_ADDRESS_SIZE = IP_OFFSET + 16;

/**
 * The address in wire format, unpadded (spec §3).
 *
 * @returns 7 bytes for IPv4, 19 for IPv6
 * @throws RangeError if the host is not an IP address or the port not a u16
 */
export function encodeNodeAddress({ host, port }: SocketAddress): Uint8Array {
  const ip = encodeIp(host);
  if (!ip) throw new RangeError(`Cannot encode node address: "${host}" is not an IPv4 or IPv6 address`);
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw new RangeError(`Cannot encode node address: ${port} is not a port between 0 and 65535`);
  }
  const type = ip.length === 4 ? IPV4_TYPE : IPV6_TYPE;
  return Uint8Array.of(type, port >> 8, port & 0xff, ...ip);
}

/** The address zero-padded to the 32 bytes that it takes in a header. */
export function padNodeAddress(unpadded: Uint8Array): Uint8Array {
  const padded = new Uint8Array(NODE_ADDRESS_SIZE);
  padded.set(unpadded);
  return padded;
}

/** Decodes an address of 7 or 19 bytes, or one zero-padded to 32; undefined for anything else. */
export function decodeNodeAddress(bytes: Uint8Array): SocketAddress | undefined {
  const size = nodeAddressSize(bytes[0]);
  if (size === undefined || (bytes.length !== size && bytes.length !== NODE_ADDRESS_SIZE)) return undefined;
  if (bytes.subarray(size).some((byte) => byte !== 0)) return undefined;
  return {
    host: decodeIp(bytes.subarray(IP_OFFSET, size)),
    port: bytes[PORT_OFFSET]! << 8 | bytes[PORT_OFFSET + 1]!,
  };
}

/** The size of an unpadded address whose first byte is `type`: 7 or 19, or undefined for an unknown type. */
export function nodeAddressSize(type: number | undefined): number | undefined {
  if (type === IPV4_TYPE) return IPV4_ADDRESS_SIZE;
  if (type === IPV6_TYPE) return IPV6_ADDRESS_SIZE;
  return undefined;
}
