import { PACKET_SIZE } from "../../src/sphinx/constants.ts";

/** A packet-sized array that carries `number` and bytes that depend on it everywhere: not a Sphinx packet. */
export function numberedPacket(number: number): Uint8Array<ArrayBuffer> {
  const packet = Uint8Array.from({ length: PACKET_SIZE }, (_, i) => number + i);
  new DataView(packet.buffer).setUint32(0, number);
  return packet;
}

/** The number in a packet; throws when a byte of it is not as it was made. */
export function numberOf(packet: Uint8Array): number {
  const number = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
  const expected = numberedPacket(number);
  if (packet.length !== PACKET_SIZE || expected.some((byte, i) => packet[i] !== byte)) {
    throw new Error(`packet ${number} was damaged on its way`);
  }
  return number;
}

/** The numbers from 0 to `end`, without it. */
export function numbers(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}
