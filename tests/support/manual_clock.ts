import type { Clock } from "../../src/timing/clock.ts";

/** Time that passes only when the test says so. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Resolves once there is a timer that is due in exactly `ms` from now. */
  async until(ms: number): Promise<void> {
    while (![...this.#timers].some(({ at }) => at === this.#now + ms)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Lets `ms` pass, and what is due in it happen, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve)); // what has happened may set timers
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}
