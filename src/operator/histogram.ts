import { type HistogramName, HISTOGRAMS } from "./metric_table.ts";

/** How often something took how long: cumulative buckets as Prometheus has them. Times in seconds. */
export class Histogram {
  /** observations in each bucket, not cumulated; the last one has those above all bounds */
  readonly counts: Float64Array;
  #sum = 0;

  /** `bounds`: the upper bounds of the buckets, ascending, in seconds. */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Notes one duration; for once a batch or commit, not once a packet. */
  observe = (seconds: number): void => {
    let bucket = 0;
    while (bucket < this.bounds.length && seconds > this.bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.#sum += seconds;
  };

  /** All durations together. */
  get sum(): number {
    return this.#sum;
  }
}

/** A histogram for each of the table, without observations yet. */
export function emptyHistograms(): Record<HistogramName, Histogram> {
  return { commit: new Histogram(HISTOGRAMS.commit.bounds), unwrap: new Histogram(HISTOGRAMS.unwrap.bounds) };
}

/**
 * The duration that the share `q` (0 to 1) of the observations in `counts` did not exceed, in seconds, by interpolation in
 * its bucket; of the last bucket only its lower bound is known. undefined without observations.
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
