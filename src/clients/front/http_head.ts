const LF = 10;
const CR = 13;

/** Finds the end of an HTTP head: an empty line, whose lines may end in LF alone, as servers tolerate. Pure. */
export class HttpHead {
  /** bytes until now, the last line included */
  size = 0;
  isWhole = false;
  #lineIsEmpty = false;

  /** How many of `bytes`, from `from` on, belong to it. */
  push(bytes: Uint8Array, from = 0): number {
    let at = from;
    while (at < bytes.length && !this.isWhole) {
      const byte = bytes[at++]!;
      if (byte === LF) {
        this.isWhole = this.#lineIsEmpty;
        this.#lineIsEmpty = true;
      } else if (byte !== CR) this.#lineIsEmpty = false;
    }
    this.size += at - from;
    return at - from;
  }
}
