/**
 * A frame as a client sends it (RFC 6455 §5.2): masked, with a mask that is not zero.
 *
 * @param announced the length that the header tells, if it is not the payload's
 */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
  { fin = true, announced = payload.length } = {},
): Uint8Array<ArrayBuffer> {
  const mask = [0x37, 0xfa, 0x21, 0x3d];
  const header = [(fin ? 0x80 : 0) | opcode];
  if (announced < 126) header.push(0x80 | announced);
  else if (announced < 65_536) header.push(0x80 | 126, announced >> 8, announced & 0xff);
  else {
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(announced));
    header.push(0x80 | 127, ...new Uint8Array(length.buffer));
  }
  return new Uint8Array([...header, ...mask, ...payload.map((byte, i) => byte ^ mask[i & 3]!)]);
}
