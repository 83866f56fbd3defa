/** ms between two lines */
const INTERVAL = 100;
const CLEAR_LINE = "\r\x1b[2K";

/** Says how far something is, on one line of a terminal that is drawn over, and is cleared at the end of its scope. */
export class Progress implements Disposable {
  readonly #isShown = Deno.stderr.isTerminal();
  #shown = -Infinity;

  show(line: () => string): void {
    if (!this.#isShown || performance.now() - this.#shown < INTERVAL) return;
    this.#shown = performance.now();
    this.#write(CLEAR_LINE + line());
  }

  [Symbol.dispose](): void {
    if (this.#shown >= 0) this.#write(CLEAR_LINE);
  }

  #write(text: string): void {
    try {
      Deno.stderr.writeSync(new TextEncoder().encode(text));
    } catch {
      // The terminal is gone: nobody sees how far it is.
    }
  }
}
