import type { Sources } from "./exposition.ts";
import type { Column } from "./metric_table.ts";
import { quantile } from "./histogram.ts";
import { cpuSeconds, memoryBytes } from "./process.ts";

/** The columns of every process, after its own. */
const OF_PROCESS = [
  "resident", // bytes
  "heap",
  "processor", // percent of one core
] as const;

/** The names of the values of a sample, in their order. Rates are per second, over the time since the previous sample. */
export function columnNames(columns: readonly Column[]): string[] {
  return [
    "time", // ms since 1970
    ...columns.map(({ name }) => name),
    ...OF_PROCESS,
  ];
}

/** One value for each of the {@linkcode columnNames}; null if unknown. */
export type Sample = readonly (number | null)[];

/** The latest samples, taken at equal intervals, for the charts of the status page. */
export class History {
  #samples: Sample[] = [];
  #before: Figures;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Takes a sample every `interval` ms until disposed, and keeps the last `length`. */
  constructor(private readonly sources: Sources, readonly interval: number, readonly length: number) {
    this.#before = readFigures(sources);
    this.#timer = setInterval(() => this.#take(), interval);
  }

  /** Samples later than `time` (ms since 1970), oldest first. */
  since(time: number): Sample[] {
    return this.#samples.filter(([at]) => at! > time);
  }

  /** The newest sample; undefined before the first. */
  get latest(): Sample | undefined {
    return this.#samples.at(-1);
  }

  /** Takes no more samples. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #take(): void {
    const now = readFigures(this.sources);
    if (this.#samples.length === this.length) this.#samples.shift();
    this.#samples.push(sampleBetween(this.#before, now, this.sources));
    this.#before = now;
  }
}

/** Cumulative figures at one moment. */
interface Figures {
  at: number;
  /** by column: what a rate counts, or the buckets of a duration */
  totals: (number | Float64Array | undefined)[];
  /** seconds */
  processor: number;
}

function readFigures({ counters, histograms, metrics }: Sources): Figures {
  return {
    at: Date.now(),
    totals: metrics.columns.map((column) => {
      if ("rate" in column) return column.rate.reduce((sum, prefix) => sum + counters.sumOf(prefix), 0);
      return "duration" in column ? histograms[column.duration]!.counts.slice() : undefined;
    }),
    processor: cpuSeconds(),
  };
}

function sampleBetween(before: Figures, now: Figures, { gauges, metrics: { columns, durations } }: Sources): Sample {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000); // the clock may have been set back
  const values = columns.map((column, i) => {
    const [first, last] = [before.totals[i], now.totals[i]];
    if ("gauge" in column) return gauges[column.gauge]!();
    if ("rate" in column) return rounded(((last as number) - (first as number)) / seconds);
    const counts = (last as Float64Array).map((count, bucket) => count - (first as Float64Array)[bucket]!);
    const value = quantile(column.quantile, durations[column.duration]!.bounds, counts);
    return value === undefined ? null : rounded(value * 1000);
  });
  const processor = rounded(Math.max(0, now.processor - before.processor) / seconds * 100);
  const { resident, heap } = memoryBytes();
  return [now.at, ...values, resident, heap, processor];
}

/** Rounds to four significant digits, which is all that charts show. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
