const FIN = 0x80;
const OPCODE = 0x0f;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

export const Opcode = { TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Reads what a server sends over a WebSocket (RFC 6455 §5.2): unmasked frames, each a whole message. */
export class WebSocketFrames {
  #rest = new Uint8Array();

  /** The frames that `chunk` completes. Their payloads are views, valid until the next iteration. */
  *push(chunk: Uint8Array<ArrayBuffer>): Generator<{ opcode: number; payload: Uint8Array }> {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (bytes.length - at >= 2) {
      const first = bytes[at]!;
      if ((first & FIN) === 0) throw new Error("unexpected fragmented message");
      const short = bytes[at + 1]! & LENGTH;
      if (short === LENGTH_64) throw new Error("unexpected message larger than 64 KiB");
      const start = at + (short === LENGTH_16 ? 4 : 2);
      if (start > bytes.length) break;
      const length = short === LENGTH_16 ? bytes[at + 2]! << 8 | bytes[at + 3]! : short;
      if (start + length > bytes.length) break;
      yield { opcode: first & OPCODE, payload: bytes.subarray(start, start + length) };
      at = start + length;
    }
    this.#rest = bytes.slice(at);
  }
}

/** A client's frame, masked with zeros; `payload`: up to 65,535 bytes. */
export function clientFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = payload.length < LENGTH_16
    ? [payload.length]
    : [LENGTH_16, payload.length >> 8, payload.length & 0xff];
  const header = [FIN | opcode, 0x80 | length[0]!, ...length.slice(1), 0, 0, 0, 0];
  const frame = new Uint8Array(header.length + payload.length);
  frame.set(header);
  frame.set(payload, header.length);
  return frame;
}
