import { type CounterName, COUNTERS, type Family } from "../counting/counter_table.ts";
import type { Counters } from "../counting/counters.ts";
import type { CheckResult } from "./health.ts";
import { CHECK_STATUSES } from "./health.ts";
import type { Histogram } from "./histogram.ts";
import {
  type GaugeName,
  GAUGES,
  type HistogramName,
  HISTOGRAMS,
  OPEN_CONNECTIONS,
  OTHERS,
  PREFIX,
} from "./metric_table.ts";
import { cpuSeconds, residentBytes } from "./process.ts";

/** Where the metrics are read from. */
export interface Sources {
  /** events since the start */
  readonly counters: Counters;
  /** called whenever metrics are read; NaN means unknown */
  readonly gauges: Readonly<Record<GaugeName, () => number>>;
  /** durations in seconds */
  readonly histograms: Readonly<Record<HistogramName, Histogram>>;
  /** labels of the build info */
  readonly build: Readonly<Record<string, string>>;
  /** ms since 1970 */
  readonly startedAt: number;
}

/** The Content-Type header of {@linkcode exposition}. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** All metrics and the results of the health checks, in Prometheus' text format 0.0.4. */
export function exposition(sources: Sources, checks: readonly CheckResult[]): string {
  const { counters, gauges, histograms } = sources;
  const text: string[] = [];
  const head = (name: string, help: string, type: string) =>
    text.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  const families = (type: string, list: readonly Family[], read: (name: string) => number) => {
    for (const { name, help, label, series } of list) {
      head(PREFIX + name, help, type);
      for (const [ours, value] of Object.entries(series)) {
        text.push(`${PREFIX}${name}${label === undefined ? "" : labels({ [label]: value })} ${read(ours)}`);
      }
    }
  };
  const single = ({ name, help, type }: typeof OTHERS[keyof typeof OTHERS], value: number, labelled = "") => {
    head(name, help, type);
    text.push(`${name}${labelled} ${value}`);
  };

  families("counter", COUNTERS, (name) => counters.get(name as CounterName));
  families("gauge", GAUGES, (name) => gauges[name as GaugeName]());
  for (const { name, help, of } of OPEN_CONNECTIONS) {
    head(PREFIX + name, help, "gauge");
    text.push(`${PREFIX}${name} ${counters.get(`${of}_opened`) - counters.get(`${of}_closed`)}`);
  }
  for (const [ours, { name, help }] of Object.entries(HISTOGRAMS)) {
    head(PREFIX + name, help, "histogram");
    text.push(...histogramLines(PREFIX + name, histograms[ours as HistogramName]));
  }
  head(OTHERS.check.name, OTHERS.check.help, OTHERS.check.type);
  for (const { name, status } of checks) {
    for (const possible of CHECK_STATUSES) {
      text.push(`${OTHERS.check.name}${labels({ check: name, status: possible })} ${possible === status ? 1 : 0}`);
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
