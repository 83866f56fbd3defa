import type { CounterName } from "./counter_table.ts";

/** Counts that something happened `n` times; 1 by default. */
export type Count<Name extends string = CounterName> = (name: Name, n?: number) => void;

/**
 * Counts what the gateway has done since it started. Every dropped packet, refused request and delivered message is
 * counted under exactly one name. Counters identify no client.
 */
export class Counters<Name extends string = CounterName> {
  readonly #values = new Map<Name, number>();

  /** Adds `n` to the counter `name`. */
  readonly add: Count<Name> = (name, n = 1) => {
    this.#values.set(name, (this.#values.get(name) ?? 0) + n);
  };

  /** The value of a counter; 0 if it was never added to. */
  get(name: Name): number {
    return this.#values.get(name) ?? 0;
  }

  /** The sum of the counters whose names begin with `prefix`. */
  sumOf(prefix: string): number {
    let sum = 0;
    for (const [name, value] of this.#values) if (name.startsWith(prefix)) sum += value;
    return sum;
  }

  /** All counters that were ever added to, sorted by name. */
  snapshot(): Partial<Record<Name, number>> {
    return Object.fromEntries([...this.#values].sort(([a], [b]) => a < b ? -1 : 1)) as Partial<Record<Name, number>>;
  }
}
