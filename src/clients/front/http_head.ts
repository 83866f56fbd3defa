const LF = 10;
const CR = 13;

/** Finds the end of an HTTP head, which is an empty line. Lines may end in LF alone, as servers tolerate. Pure. */
export class HttpHead {
  /** bytes of the head so far, including the empty line */
  size = 0;
  /** whether the empty line has been seen; no more bytes belong to the head then */
  isWhole = false;
  #lineIsEmpty = false;

  /** Returns how many of `bytes`, from `from` on, belong to the head. */
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
