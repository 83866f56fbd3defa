/** A semaphore: admits a limited number of holders at a time, in the order of their calls. */
export class Window {
  #free: number;
  /** Waiting calls of `enter`. Bounded by the callers, each of which waits. */
  readonly #waiting: (() => void)[] = [];

  /** `size` is the most holders at a time. */
  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves once the caller is admitted. Every `enter` needs one `leave`. */
  async enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }

  /** Gives the place to the next waiting caller. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
