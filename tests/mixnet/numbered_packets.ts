import { PACKET_SIZE } from "../../src/sphinx/constants.ts";

/** `PACKET_SIZE` bytes that begin with `number` and all depend on it; not a Sphinx packet. */
export function numberedPacket(number: number): Uint8Array<ArrayBuffer> {
  const packet = Uint8Array.from({ length: PACKET_SIZE }, (_, i) => number + i);
  new DataView(packet.buffer).setUint32(0, number);
  return packet;
}

/** The number of a packet; throws if any byte has changed. */
export function numberOf(packet: Uint8Array): number {
  const number = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
  const expected = numberedPacket(number);
  if (packet.length !== PACKET_SIZE || expected.some((byte, i) => packet[i] !== byte)) {
    throw new Error(`packet ${number} was damaged on its way`);
  }
  return number;
}

/** The numbers from 0 up to, but not including, `end`. */
export function numbers(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}
