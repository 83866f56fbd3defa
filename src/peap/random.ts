/**
 * Random draws for what an observer must not foresee: routes, delays, the times of packets, the names of fragment sets.
 * From the runtime's secure source, since the state of `Math.random` can be told from its output.
 */

/** Uniform in 0 < x < 1, of 2^32 values. */
export function uniform(): number {
  return (uint32() + 0.5) / 2 ** 32;
}

/** Exponentially distributed, `mean` on average, in its unit. */
export function exponential(mean: number): number {
  return -mean * Math.log(uniform());
}

/** One of the items, each as likely; undefined if there is none. */
export function pick<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(uniform() * items.length)];
}

/** Uniform in 0 ≤ n < 2^32. */
export function uint32(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
