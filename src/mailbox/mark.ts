/** An inbox's mark, "messages up to this sequence number are confirmed", as a value: a float of 64 bits. */
export function encodeMark(through: number): Uint8Array {
  return new Uint8Array(Float64Array.of(through).buffer);
}

/** The sequence number in a mark of 8 bytes, as {@linkcode encodeMark} makes it. */
export function decodeMark(value: Uint8Array): number {
  return new Float64Array(value.slice().buffer)[0]!;
}
