import type { Sources } from "./exposition.ts";
import { quantile } from "./histogram.ts";
import { cpuSeconds, heapBytes, residentBytes } from "./process.ts";

/** The values of a sample, in this order. Rates are per second, over the time since the previous sample. */
export const COLUMNS = [
  "time", // ms since 1970
  "received",
  "stored",
  "pushed",
  "forwarded",
  "dropped",
  "refused", // messages, for lack of space
  "commitMedian", // ms; null without commits
  "commitSlow", // ms; the 99th percentile
  "unwrapMedian",
  "unwrapSlow",
  "inboxMessages",
  "inboxBytes",
  "resident", // bytes
  "heap",
  "online",
  "processor", // percent of one core
] as const;

/** One value for each of {@linkcode COLUMNS}; null if unknown. */
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
  totals: number[];
  /** seconds */
  processor: number;
  commit: Float64Array;
  unwrap: Float64Array;
}

function readFigures({ counters, histograms }: Sources): Figures {
  const sum = (prefix: string) => counters.sumOf(prefix);
  return {
    at: Date.now(),
    totals: [
      counters.get("packets_received"),
      counters.get("messages_stored"),
      counters.get("messages_pushed") + counters.get("covers_pushed"),
      counters.get("packets_forwarded"),
      sum("packets_dropped_") + sum("packets_unforwarded_"),
      sum("messages_refused_"),
    ],
    processor: cpuSeconds(),
    commit: histograms.commit.counts.slice(),
    unwrap: histograms.unwrap.counts.slice(),
  };
}

function sampleBetween(before: Figures, now: Figures, { gauges, histograms }: Sources): Sample {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000); // the clock may have been set back
  const rates = now.totals.map((total, i) => rounded((total - before.totals[i]!) / seconds));
  const latency = (name: "commit" | "unwrap", q: number) => {
    const value = quantile(q, histograms[name].bounds, now[name].map((count, i) => count - before[name][i]!));
    return value === undefined ? null : rounded(value * 1000);
  };
  return [
    now.at,
    ...rates,
    latency("commit", 0.5),
    latency("commit", 0.99),
    latency("unwrap", 0.5),
    latency("unwrap", 0.99),
    gauges.inboxMessages(),
    gauges.inboxBytes(),
    residentBytes(),
    heapBytes(),
    gauges.clientsOnline(),
    rounded(Math.max(0, now.processor - before.processor) / seconds * 100),
  ];
}

/** Rounds to four significant digits, which is all that charts show. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
