/**
 * What the gateway has done since it started, as plain numbers by name. Every dropped packet, refused request and
 * delivered message is counted under exactly one name; nothing here says whose it was.
 */
export class Counters {
  readonly #values = new Map<string, number>();

  /** Adds `n` to the counter `name` (lower_snake_case, as in `packets_dropped_mac`). */
  add = (name: string, n = 1): void => {
    this.#values.set(name, (this.#values.get(name) ?? 0) + n);
  };

  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  /** All counters together whose names begin with `prefix`. */
  sumOf(prefix: string): number {
    let sum = 0;
    for (const [name, value] of this.#values) if (name.startsWith(prefix)) sum += value;
    return sum;
  }

  /** All counters that were ever added to, by name. */
  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#values].sort(([a], [b]) => a < b ? -1 : 1));
  }
}
