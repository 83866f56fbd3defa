const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_SIZE = 4;

/** A frame's opcodes (RFC 6455 §5.2); 8 and up are control frames. */
export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Reads the headers of successive WebSocket frames (RFC 6455 §5.2), byte by byte. Pure. */
export class FrameHeader {
  /** FIN, three reserved bits, opcode; like the other fields, of the last whole header */
  first = 0;
  /** whether the payload is masked, as a client's must be */
  isMasked = false;
  /** bytes of payload; above 2^53 not exact, but never rounded to less than that */
  length = 0;
  /** 4 bytes, valid if `isMasked` */
  readonly mask = new Uint8Array(MASK_SIZE);
  #at = 0;
  #size = 0;
  #lengthEnd = 0;

  /** one of {@linkcode Opcode}, or a reserved one; from 0 to 15 */
  get opcode(): number {
    return this.first & 0x0f;
  }

  /** whether it is a control frame; like `opcode`, valid from the header's first byte on */
  get isControl(): boolean {
    return this.opcode >= Opcode.CLOSE;
  }

  /** whether the frame is the last, or only, fragment of its message */
  get isFinal(): boolean {
    return this.first >= 0x80;
  }

  /** Takes the next byte. Returns whether it was the header's last; the next call then begins a new header. */
  take(byte: number): boolean {
    const at = this.#at++;
    if (at === 0) this.first = byte;
    else if (at === 1) this.#begin(byte);
    else if (at < this.#lengthEnd) this.length = this.length * 256 + byte;
    else this.mask[at - this.#lengthEnd] = byte;
    if (at === 0 || at + 1 < this.#size) return false;
    this.#at = 0;
    return true;
  }

  #begin(byte: number): void {
    const short = byte & LENGTH;
    this.isMasked = byte >= MASKED;
    this.length = short < LENGTH_16 ? short : 0;
    this.#lengthEnd = short === LENGTH_64 ? 10 : short === LENGTH_16 ? 4 : 2;
    this.#size = this.#lengthEnd + (this.isMasked ? MASK_SIZE : 0);
  }
}
