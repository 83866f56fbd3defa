/** in ms, between two lines */
const INTERVAL = 100;
const CLEAR_LINE = "\r\x1b[2K";

/** Shows progress on one line of a terminal, which it redraws, and clears when it is disposed. */
export class Progress implements Disposable {
  readonly #isShown = Deno.stderr.isTerminal();
  #shown = -Infinity;

  /** Shows `line()`, at most ten times a second; does nothing unless standard error is a terminal. */
  show(line: () => string): void {
    if (!this.#isShown || performance.now() - this.#shown < INTERVAL) return;
    this.#shown = performance.now();
    this.#write(CLEAR_LINE + line());
  }

  /** Clears the line. */
  [Symbol.dispose](): void {
    if (this.#shown >= 0) this.#write(CLEAR_LINE);
  }

  #write(text: string): void {
    try {
      Deno.stderr.writeSync(new TextEncoder().encode(text));
    } catch {
      // the terminal is gone: nobody watches the progress
    }
  }
}
