/** The head of a request that asks for a WebSocket (RFC 6455 §1.3). */
export const HEAD = [
  "GET / HTTP/1.1",
  "host: x",
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

/** A server's answer to it. */
export const ANSWER = new TextEncoder().encode(
  "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
);

export function bytes(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A client's frame, masked with zeros, whose header states `length`; with `size` bytes of its payload. */
export function maskedFrame(first: number, length: number, size = length): Uint8Array<ArrayBuffer> {
  return bytes(Uint8Array.of(first), lengthOf(length, 0x80), new Uint8Array(4), new Uint8Array(size));
}

/** A server's frame. */
export function frame(first: number, size: number): Uint8Array<ArrayBuffer> {
  return bytes(Uint8Array.of(first), lengthOf(size, 0), new Uint8Array(size));
}

function lengthOf(length: number, mask: number): Uint8Array {
  if (length < 126) return Uint8Array.of(mask | length);
  if (length < 65_536) return Uint8Array.of(mask | 126, length >> 8, length & 0xff);
  const long = new Uint8Array(9);
  long[0] = mask | 127;
  new DataView(long.buffer).setBigUint64(1, BigInt(length));
  return long;
}
