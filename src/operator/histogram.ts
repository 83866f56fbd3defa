import type { Durations } from "./metric_table.ts";

/** Counts durations by bucket, for a Prometheus histogram. All times are in seconds. */
export class Histogram {
  /** observations per bucket, not cumulative; the last bucket has those above all bounds */
  readonly counts: Float64Array;
  #sum = 0;

  /** `bounds`: the upper bounds of the buckets, ascending, in seconds. */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Counts one duration in seconds. Meant for each batch or commit, not for each packet. */
  observe = (seconds: number): void => {
    let bucket = 0;
    while (bucket < this.bounds.length && seconds > this.bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.#sum += seconds;
  };

  /** The sum of all durations. */
  get sum(): number {
    return this.#sum;
  }
}

/** An empty histogram for each entry of a table. */
export function emptyHistograms<Name extends string>(
  table: Readonly<Record<Name, Durations>>,
): Record<Name, Histogram> {
  const entries = Object.entries<Durations>(table).map(([name, { bounds }]) => [name, new Histogram(bounds)] as const);
  return Object.fromEntries(entries) as Record<Name, Histogram>;
}

/**
 * The quantile `q` (0 to 1) of the observations in `counts`, in seconds, interpolated within its bucket; for the last
 * bucket, its lower bound. undefined without observations.
 */
export function quantile(q: number, bounds: readonly number[], counts: ArrayLike<number>): number | undefined {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  if (total === 0) return undefined;
  let rank = q * total;
  for (let i = 0; i < bounds.length; i++) {
    const inBucket = counts[i]!;
    const lower = i === 0 ? 0 : bounds[i - 1]!;
    if (rank <= inBucket && inBucket > 0) return lower + (bounds[i]! - lower) * (rank / inBucket);
    rank -= inBucket;
  }
  return bounds.at(-1);
}
