/** A message that says which writer has stored it, and under which number: both below 2^32. */
export function messageOf(writer: number, number: number): Uint8Array {
  const message = new Uint8Array(200);
  const view = new DataView(message.buffer);
  view.setUint32(0, writer);
  view.setUint32(4, number);
  return message;
}

/** The writer and number in a message. */
export function readMessage(message: Uint8Array): { writer: number; number: number } {
  const view = new DataView(message.buffer, message.byteOffset);
  return { writer: view.getUint32(0), number: view.getUint32(4) };
}
