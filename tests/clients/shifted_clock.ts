/** Puts the monotonic clock (performance.now) forward until disposed. */
export class ShiftedClock {
  readonly #now = performance.now;
  #shift = 0;

  constructor() {
    performance.now = () => this.#now.call(performance) + this.#shift;
  }

  /** By `ms`. */
  advance(ms: number): void {
    this.#shift += ms;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}
