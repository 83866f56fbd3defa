/** What a client's frames amount to (RFC 6455 §5). */
export type WebSocketEvent =
  | { kind: "text"; text: string }
  | { kind: "binary"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "ping"; bytes: Uint8Array }
  | { kind: "pong" }
  | { kind: "close"; code: number | undefined }
  /** the message is bigger than allowed; nothing after it is read */
  | { kind: "oversized" }
  /** no WebSocket stream; nothing after it is read */
  | { kind: "corrupt"; reason: string };

const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

const FIN = 0x80;
const RESERVED_BITS = 0x70;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_OF_16_BITS = 126;
const MASK_SIZE = 4;
/** 2 bytes, 8 more of length, 4 of mask */
const MAX_HEADER_SIZE = 14;
const MAX_CONTROL_SIZE = 125;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Turns the bytes of a client's stream, cut anywhere, into messages. It knows no socket, and holds at most one message of
 * `maxSize` bytes: what a header announces beyond that is refused before any of it has come.
 */
export class WebSocketReader {
  readonly #header = new Uint8Array(MAX_HEADER_SIZE);
  #headerFilled = 0;
  #payload: Uint8Array<ArrayBuffer> | undefined;
  #payloadFilled = 0;
  /** the frames so far of a message in several */
  #fragments: { opcode: number; parts: Uint8Array<ArrayBuffer>[]; size: number } | undefined;
  #ended = false;

  constructor(private readonly maxSize: number) {}

  /** Yields what `chunk` completes; must be run to its end. Yields nothing after oversized, corrupt or close. */
  *push(chunk: Uint8Array): Generator<WebSocketEvent> {
    let at = 0;
    while (!this.#ended) {
      if (this.#payload === undefined) {
        const missing = this.#headerSize() - this.#headerFilled;
        const part = chunk.subarray(at, at + missing);
        this.#header.set(part, this.#headerFilled);
        this.#headerFilled += part.length;
        at += part.length;
        if (this.#headerFilled < this.#headerSize()) {
          if (at >= chunk.length) return;
          continue;
        }
        const fault = this.#begin();
        if (fault !== undefined) {
          this.#ended = true;
          yield fault;
          return;
        }
      }
      const payload = this.#payload!;
      const part = chunk.subarray(at, at + payload.length - this.#payloadFilled);
      payload.set(part, this.#payloadFilled);
      this.#payloadFilled += part.length;
      at += part.length;
      if (this.#payloadFilled < payload.length) return;
      const event = this.#complete(payload);
      this.#payload = undefined;
      this.#headerFilled = 0;
      if (event === undefined) continue;
      this.#ended = event.kind === "close" || event.kind === "corrupt";
      yield event;
    }
  }

  /** As far as the bytes that are there tell. */
  #headerSize(): number {
    if (this.#headerFilled < 2) return 2;
    const length = this.#header[1]! & LENGTH;
    return 2 + (length < LENGTH_OF_16_BITS ? 0 : length === LENGTH_OF_16_BITS ? 2 : 8) + MASK_SIZE;
  }

  #begin(): WebSocketEvent | undefined {
    const [first, second] = [this.#header[0]!, this.#header[1]!];
    const opcode = first & OPCODE;
    const size = this.#announcedSize(second & LENGTH);
    const fault = this.#faultOf(first, second, opcode, size);
    if (fault !== undefined) return { kind: "corrupt", reason: fault };
    if (opcode < Opcode.CLOSE && size + (this.#fragments?.size ?? 0) > this.maxSize) return { kind: "oversized" };
    this.#payload = new Uint8Array(size);
    this.#payloadFilled = 0;
    return undefined;
  }

  #announcedSize(length: number): number {
    if (length < LENGTH_OF_16_BITS) return length;
    const view = new DataView(this.#header.buffer);
    return length === LENGTH_OF_16_BITS ? view.getUint16(2) : Number(view.getBigUint64(2));
  }

  #faultOf(first: number, second: number, opcode: number, size: number): string | undefined {
    if ((first & RESERVED_BITS) !== 0) return "a reserved bit is set";
    if ((second & MASKED) === 0) return "a client's frame is not masked";
    if (opcode >= Opcode.CLOSE) {
      if (opcode > Opcode.PONG) return "unknown opcode";
      return (first & FIN) === 0 || size > MAX_CONTROL_SIZE ? "a control frame is too long or in parts" : undefined;
    }
    if (opcode > Opcode.BINARY) return "unknown opcode";
    const continues = opcode === Opcode.CONTINUATION;
    return continues === (this.#fragments === undefined) ? "a message in parts is out of order" : undefined;
  }

  /** undefined for a part of a message. */
  #complete(payload: Uint8Array<ArrayBuffer>): WebSocketEvent | undefined {
    const maskAt = this.#headerSize() - MASK_SIZE;
    for (let i = 0; i < payload.length; i++) payload[i]! ^= this.#header[maskAt + (i & 3)]!;
    const opcode = this.#header[0]! & OPCODE;
    switch (opcode) {
      case Opcode.PING:
        return { kind: "ping", bytes: payload };
      case Opcode.PONG:
        return { kind: "pong" };
      case Opcode.CLOSE:
        return { kind: "close", code: payload.length >= 2 ? payload[0]! << 8 | payload[1]! : undefined };
    }
    const isLast = (this.#header[0]! & FIN) !== 0;
    if (isLast && this.#fragments === undefined) return message(opcode, payload);
    this.#fragments ??= { opcode, parts: [], size: 0 };
    // A part has no fewer than one byte here, so that there are no more parts than bytes.
    if (payload.length > 0) this.#fragments.parts.push(payload);
    this.#fragments.size += payload.length;
    if (!isLast) return undefined;
    const { opcode: kind, parts, size } = this.#fragments;
    this.#fragments = undefined;
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return message(kind, whole);
  }
}

function message(opcode: number, bytes: Uint8Array<ArrayBuffer>): WebSocketEvent {
  if (opcode === Opcode.BINARY) return { kind: "binary", bytes };
  try {
    return { kind: "text", text: utf8.decode(bytes) };
  } catch {
    return { kind: "corrupt", reason: "a text is not UTF-8" };
  }
}

/** The most that a header of ours takes: servers do not mask. */
export const MAX_SERVER_HEADER_SIZE = 10;

export const FrameKind = {
  TEXT: Opcode.TEXT,
  BINARY: Opcode.BINARY,
  CLOSE: Opcode.CLOSE,
  PING: Opcode.PING,
  PONG: Opcode.PONG,
};

/** Writes the header of a whole, unmasked frame into `target` at `at`; the number of bytes it took. */
export function writeHeader(target: Uint8Array, at: number, opcode: number, size: number): number {
  target[at] = FIN | opcode;
  if (size < LENGTH_OF_16_BITS) {
    target[at + 1] = size;
    return 2;
  }
  const view = new DataView(target.buffer, target.byteOffset);
  if (size < 65_536) {
    target[at + 1] = LENGTH_OF_16_BITS;
    view.setUint16(at + 2, size);
    return 4;
  }
  target[at + 1] = 127;
  view.setBigUint64(at + 2, BigInt(size));
  return MAX_SERVER_HEADER_SIZE;
}
