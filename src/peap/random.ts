/**
 * Random values that an observer must not predict: routes, delays, times of packets, ids of fragment sets. They come
 * from the runtime's secure source, because the state of `Math.random` can be recovered from its output.
 */

/** Uniform in 0 < x < 1, of 2^32 values. */
export function uniform(): number {
  return (uint32() + 0.5) / 2 ** 32;
}

/** Exponentially distributed, in the unit of `mean`. */
export function exponential(mean: number): number {
  return -mean * Math.log(uniform());
}

/** A uniformly chosen item; undefined if there are none. */
export function pick<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(uniform() * items.length)];
}

/** Uniform in 0 ≤ n < 2^32. */
export function uint32(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
