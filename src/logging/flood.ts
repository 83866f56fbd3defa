/** Lines of one cause that are written within {@linkcode WINDOW}. */
export const MAX_LINES = 10;
/** ms */
export const WINDOW = 1000;
/** Causes that are told apart within a window; what comes beyond shares one count, so memory is bounded. */
const MAX_CAUSES = 256;

interface Cause {
  lines: number;
  /** says how many lines were left out */
  summarise: ((leftOut: number) => void) | undefined;
}

/**
 * Keeps one cause from filling the log: of lines that differ in nothing but numbers, ten a second are written, and at
 * the end of that second one line says how many more there were.
 */
export class FloodGuard {
  readonly #causes = new Map<string, Cause>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #windowEnd = -Infinity;

  /** Whether to write a line of this cause now; if not, `summarise` is called with the number of such lines later. */
  admit(cause: string, summarise: (leftOut: number) => void, now = performance.now()): boolean {
    if (now >= this.#windowEnd) {
      this.flush();
      this.#windowEnd = now + WINDOW;
    }
    const key = this.#causes.has(cause) || this.#causes.size < MAX_CAUSES ? cause : "";
    const known = this.#causes.get(key) ?? { lines: 0, summarise: undefined };
    this.#causes.set(key, known);
    if (++known.lines <= MAX_LINES) return true;
    known.summarise ??= summarise;
    this.#startTimer();
    return false;
  }

  /** Says at once what has been left out so far. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const causes = [...this.#causes.values()];
    this.#causes.clear();
    this.#windowEnd = -Infinity;
    for (const { lines, summarise } of causes) summarise?.(lines - MAX_LINES);
  }

  #startTimer(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.flush(), WINDOW);
    Deno.unrefTimer(this.#timer as unknown as number); // it is no reason for the program to go on
  }
}

/** What lines of one cause have in common: their words, without numbers and quoted names. */
export function causeOf(level: string, target: string, text: string): string {
  return `${level} ${target} ${text.replace(/"[^"]*"|\d+/g, "#")}`;
}
