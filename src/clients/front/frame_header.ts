const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_SIZE = 4;

/** A frame's opcodes (RFC 6455 §5.2); 8 and up are control frames. */
export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Reads the header of one WebSocket frame after the other (RFC 6455 §5.2), byte by byte. Pure. */
export class FrameHeader {
  /** FIN, three reserved bits, opcode; like the rest, of the header that was whole last */
  first = 0;
  isMasked = false;
  /** bytes of payload; above 2^53 no longer exact, but no smaller than that */
  length = 0;
  /** valid if it is masked */
  readonly mask = new Uint8Array(MASK_SIZE);
  #at = 0;
  #size = 0;
  #lengthEnd = 0;

  get opcode(): number {
    return this.first & 0x0f;
  }

  /** valid from its first byte on, as the opcode is */
  get isControl(): boolean {
    return this.opcode >= Opcode.CLOSE;
  }

  get isFinal(): boolean {
    return this.first >= 0x80;
  }

  /** Takes the next byte. Says whether it was the header's last one. */
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
