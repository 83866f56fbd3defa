/** ms between two looks */
const INTERVAL = 50;
/** A lag is remembered for so many ms. */
const MEMORY = 5000;

/**
 * How late this program gets to read what has come for it, until the end of its scope. A client that shows that it is
 * there while it is seconds behind in reading is one whom no gateway could understand.
 */
export class Lag {
  longest = 0;
  #recent: { at: number; lag: number }[] = [];
  #expected = performance.now() + INTERVAL;
  readonly #timer = setInterval(() => {
    const now = performance.now();
    const lag = Math.max(0, now - this.#expected);
    this.#expected = now + INTERVAL;
    this.longest = Math.max(this.longest, lag);
    this.#recent = this.#recent.filter(({ at }) => at > now - MEMORY);
    this.#recent.push({ at: now, lag });
  }, INTERVAL);

  /** ms, the longest of late */
  get recent(): number {
    return Math.max(performance.now() - this.#expected, ...this.#recent.map(({ lag }) => lag));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
