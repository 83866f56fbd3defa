const HEAD_END = "\r\n\r\n";

/** The sizes of a WebSocket's frames in one direction, which anyone on the wire can read off unless there is TLS. */
export class FrameSizes {
  /** the end of what came of the HTTP head; undefined after that */
  #head: string | undefined = "";
  /** the beginning of a frame, as long as it does not say how long the frame is */
  #begun: number[] = [];
  #size = 0;
  /** bytes of the frame that have not come yet */
  #missing = 0;

  /** Yields the size of each frame, with its header, that `chunk` completes. */
  *push(chunk: Uint8Array): Generator<number> {
    let at = this.#skipHead(chunk);
    while (at < chunk.length) {
      if (this.#missing === 0) {
        this.#begun.push(chunk[at++]!);
        const size = sizeOf(this.#begun);
        if (size === undefined) continue;
        [this.#size, this.#missing, this.#begun] = [size, size - this.#begun.length, []];
      } else {
        const part = Math.min(this.#missing, chunk.length - at);
        at += part;
        this.#missing -= part;
      }
      if (this.#missing === 0 && this.#begun.length === 0) yield this.#size;
    }
  }

  /** Where the frames begin in a chunk. */
  #skipHead(chunk: Uint8Array): number {
    if (this.#head === undefined) return 0;
    const before = this.#head.length;
    const text = this.#head + new TextDecoder("latin1").decode(chunk);
    const end = text.indexOf(HEAD_END);
    this.#head = end < 0 ? text.slice(1 - HEAD_END.length) : undefined;
    return end < 0 ? chunk.length : end + HEAD_END.length - before;
  }
}

/** The size of a frame that begins with these bytes; undefined as long as there are too few (RFC 6455, section 5.2). */
function sizeOf(bytes: readonly number[]): number | undefined {
  const [, second] = bytes;
  if (second === undefined) return undefined;
  const mask = second & 0x80 ? 4 : 0;
  const short = second & 0x7f;
  if (short < 126) return 2 + mask + short;
  const header = short === 126 ? 4 : 10;
  if (bytes.length < header) return undefined;
  return header + mask + bytes.slice(2, header).reduce((size, byte) => size * 256 + byte, 0);
}
