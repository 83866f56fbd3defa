/** Counts events by name; a test can wait for them. */
export class Counted {
  readonly #values = new Map<string, number>();
  #waiting: { name: string; n: number; resolve: () => void }[] = [];

  /** Counts `n` events; the function that is passed to what is tested. */
  count = (name: string, n = 1): void => {
    this.#values.set(name, this.of(name) + n);
    this.#waiting = this.#waiting.filter((wait) => this.of(wait.name) < wait.n || void wait.resolve());
  };

  /** The number of events so far. */
  of(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  /** Resolves once `name` has been counted `n` times. */
  reached(name: string, n: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ name, n, resolve });
    this.count(name, 0);
    return promise;
  }
}
