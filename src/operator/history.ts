import type { Sources } from "./exposition.ts";
import { quantile } from "./histogram.ts";
import { cpuSeconds, heapBytes, residentBytes } from "./process.ts";

/** What a sample holds, in this order; rates are per second and over the time since the sample before. */
export const COLUMNS = [
  "time", // ms since 1970
  "received",
  "stored",
  "pushed",
  "forwarded",
  "dropped",
  "refused", // messages for which there was no room
  "commitMedian", // ms; null when there was none
  "commitSlow", // ms; 99 % took no longer
  "unwrapMedian",
  "unwrapSlow",
  "inboxMessages",
  "inboxBytes",
  "resident", // bytes
  "heap",
  "online",
  "processor", // percent of one core
] as const;

export type Sample = readonly (number | null)[];

/** Samples at equal intervals, for the status page's charts: as many as fit, the oldest go. */
export class History {
  #samples: Sample[] = [];
  #before: Figures;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Takes a sample every `interval` ms, and keeps `length` of them, until disposed. */
  constructor(private readonly sources: Sources, readonly interval: number, readonly length: number) {
    this.#before = readFigures(sources);
    this.#timer = setInterval(() => this.#take(), interval);
  }

  /** Samples later than `time` (ms since 1970), oldest first. */
  since(time: number): Sample[] {
    return this.#samples.filter(([at]) => at! > time);
  }

  /** The newest sample; undefined at the very beginning. */
  get latest(): Sample | undefined {
    return this.#samples.at(-1);
  }

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

/** Cumulative figures at one time. */
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

/** To four digits, as charts show no more. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
