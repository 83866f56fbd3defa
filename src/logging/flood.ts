/** How many lines of one cause are written within {@linkcode WINDOW}. */
export const MAX_LINES = 10;
/** How long lines of one cause are counted together, in ms. */
export const WINDOW = 1000;
/** Causes counted separately within a window; any further ones share one count, so memory is bounded. */
const MAX_CAUSES = 256;

interface Cause {
  lines: number;
  /** reports how many lines were left out */
  summarise: ((leftOut: number) => void) | undefined;
}

/**
 * Keeps one cause from filling the log: of lines that differ only in numbers, ten a second are written. At the end of
 * that second, one line says how many more there were.
 */
export class FloodGuard {
  readonly #causes = new Map<string, Cause>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #windowEnd = -Infinity;

  /** Whether to write a line of this cause now; if not, `summarise` is called later with the number of such lines. */
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

  /** Reports at once how many lines were left out so far. */
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
    Deno.unrefTimer(this.#timer as unknown as number); // it must not keep the program alive
  }
}

/** What lines of one cause have in common: their words, without numbers and quoted names. */
export function causeOf(level: string, target: string, text: string): string {
  return `${level} ${target} ${text.replace(/"[^"]*"|\d+/g, "#")}`;
}
