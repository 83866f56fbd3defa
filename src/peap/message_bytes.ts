/** What can be sent: text, or bytes in any form. */
export type MessageData = string | ArrayBuffer | ArrayBufferView;

/**
 * The bytes to send, as a copy: the caller may change its own while they are on their way.
 *
 * @throws TypeError for anything that is neither bytes nor text
 */
export function bytesOf(data: MessageData): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (isArrayBuffer(data)) return new Uint8Array(data).slice();
  throw new TypeError(`Cannot send ${describe(data)}: a message is text, an ArrayBuffer or a view of one`);
}

/** By its tag, since a buffer of another realm (a frame, a test) is not an instance of this one's class. */
function isArrayBuffer(data: unknown): data is ArrayBuffer {
  return tagOf(data) === "ArrayBuffer";
}

function tagOf(data: unknown): string {
  return Object.prototype.toString.call(data).slice("[object ".length, -1);
}

function describe(data: unknown): string {
  if (data === null || typeof data !== "object") return data === null ? "null" : `a value of type ${typeof data}`;
  const tag = tagOf(data);
  return tag === "Blob" || tag === "File" ? `a ${tag} (await its arrayBuffer() first)` : `an object of type ${tag}`;
}
