import type { Family } from "../counting/counter_table.ts";
import type { CheckResult } from "./health.ts";
import { CHECK_STATUSES } from "./health.ts";
import type { Histogram } from "./histogram.ts";
import { type Metrics, OTHERS } from "./metric_table.ts";
import { cpuSeconds, residentBytes } from "./process.ts";

/** Counters by name (counters.ts). */
export interface AnyCounters {
  /** the value of a counter */
  get(name: string): number;
  /** the sum of the counters whose names begin with `prefix` */
  sumOf(prefix: string): number;
  /** all counters that were ever added to */
  snapshot(): Readonly<Record<string, number | undefined>>;
}

/** Where the metrics are read from. */
export interface Sources {
  /** what there is to read */
  readonly metrics: Metrics;
  /** events since the start */
  readonly counters: AnyCounters;
  /** called whenever metrics are read; NaN means unknown */
  readonly gauges: Readonly<Record<string, () => number>>;
  /** durations in seconds */
  readonly histograms: Readonly<Record<string, Histogram>>;
  /** labels of the build info */
  readonly build: Readonly<Record<string, string>>;
  /** ms since 1970 */
  readonly startedAt: number;
}

/** The Content-Type header of {@linkcode exposition}. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** All metrics and the results of the health checks, in Prometheus' text format 0.0.4. */
export function exposition(sources: Sources, checks: readonly CheckResult[]): string {
  const { metrics, counters, gauges, histograms } = sources;
  const { prefix } = metrics;
  const text: string[] = [];
  const head = (name: string, help: string, type: string) =>
    text.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  const families = (type: string, list: readonly Family[], read: (name: string) => number) => {
    for (const { name, help, label, series } of list) {
      head(prefix + name, help, type);
      for (const [ours, value] of Object.entries(series)) {
        text.push(`${prefix}${name}${label === undefined ? "" : labels({ [label]: value })} ${read(ours)}`);
      }
    }
  };
  const nameOf = ({ name, own }: typeof OTHERS[keyof typeof OTHERS]) => own ? prefix + name : name;
  const single = (metric: typeof OTHERS[keyof typeof OTHERS], value: number, labelled = "") => {
    head(nameOf(metric), metric.help, metric.type);
    text.push(`${nameOf(metric)}${labelled} ${value}`);
  };

  families("counter", metrics.counters, (name) => counters.get(name));
  families("gauge", metrics.gauges, (name) => gauges[name]!());
  for (const { name, help, of } of metrics.connections) {
    head(prefix + name, help, "gauge");
    text.push(`${prefix}${name} ${counters.get(`${of}_opened`) - counters.get(`${of}_closed`)}`);
  }
  for (const [ours, { name, help }] of Object.entries(metrics.durations)) {
    head(prefix + name, help, "histogram");
    text.push(...histogramLines(prefix + name, histograms[ours]!));
  }
  head(nameOf(OTHERS.check), OTHERS.check.help, OTHERS.check.type);
  for (const { name, status } of checks) {
    for (const possible of CHECK_STATUSES) {
      text.push(`${nameOf(OTHERS.check)}${labels({ check: name, status: possible })} ${possible === status ? 1 : 0}`);
    }
  }
  single(OTHERS.memory, residentBytes());
  single(OTHERS.cpu, cpuSeconds());
  single(OTHERS.start, sources.startedAt / 1000);
  single(OTHERS.build, 1, labels(sources.build));
  return text.join("\n") + "\n";
}

function histogramLines(name: string, { bounds, counts, sum }: Histogram): string[] {
  let cumulated = 0;
  const buckets = [...bounds, "+Inf"].map((bound, i) => {
    cumulated += counts[i]!;
    return `${name}_bucket${labels({ le: `${bound}` })} ${cumulated}`;
  });
  return [...buckets, `${name}_sum ${sum}`, `${name}_count ${cumulated}`];
}

function labels(values: Readonly<Record<string, string>>): string {
  return `{${Object.entries(values).map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
