import type { Family, SeriesOf } from "../counting/counter_table.ts";

/** A gauge that shows how many connections are open: those opened minus those closed, each a counter. */
export interface Connections {
  /** without the prefix */
  readonly name: string;
  /** the text of its HELP line */
  readonly help: string;
  /** the counters' names without `_opened` and `_closed` */
  readonly of: string;
}

/** Durations in seconds. */
export interface Durations {
  /** without the prefix */
  readonly name: string;
  /** the text of its HELP line */
  readonly help: string;
  /** the upper bounds of the buckets, in seconds, ascending */
  readonly bounds: readonly number[];
}

/** What a column of the history shows, apart from those of every process (history.ts). */
export type Column =
  /** events per second: all counters whose names begin with one of these */
  | { readonly name: string; readonly rate: readonly string[] }
  /** a gauge's value */
  | { readonly name: string; readonly gauge: string }
  /** a quantile of durations in ms; null without any */
  | { readonly name: string; readonly duration: string; readonly quantile: number };

/** Everything that is measured of a kind of node. */
export interface Metrics {
  /** begins the name of each metric but those of the process, as in `nym_gateway_` */
  readonly prefix: string;
  /** each series is a counter */
  readonly counters: readonly Family[];
  /** each series is a value that is read whenever metrics are requested; NaN means unknown */
  readonly gauges: readonly Family[];
  /** the connections that are open */
  readonly connections: readonly Connections[];
  /** by name in code */
  readonly durations: Readonly<Record<string, Durations>>;
  /** for the charts of the status page */
  readonly columns: readonly Column[];
  /** the names of the families that count what was dropped */
  readonly drops: readonly string[];
}

/** Gauges of every program, whatever kind of node it runs. */
export const PROCESS_GAUGES = [
  {
    name: "config_last_reload_successful",
    help: "0 if the latest reload of the configuration was refused and the previous one stays in force, else 1.",
    series: { configAccepted: "" },
  },
  {
    name: "config_last_reload_success_timestamp_seconds",
    help: "When the configuration in force was loaded (Unix time).",
    series: { configAcceptedAt: "" },
  },
  {
    name: "descriptors_held",
    help: "Open file descriptors of the process, measured by opening more; NaN if that is not possible.",
    series: { descriptorsHeld: "" },
  },
  {
    name: "descriptors_limit",
    help: "Limit for open file descriptors, counted up to a bound: a value above 4000 means at least that many.",
    series: { descriptorsLimit: "" },
  },
  { name: "heap_used_bytes", help: "Memory of the main thread's JavaScript objects.", series: { heapUsed: "" } },
] as const satisfies readonly Family[];

/** The name of such a gauge in code, as in `heapUsed`. */
export type ProcessGaugeName = SeriesOf<typeof PROCESS_GAUGES>;

/** Gauges of every node of the mixnet. */
export const NODE_GAUGES = [
  {
    name: "mixnet_connections_limit",
    help: "Limit for open connections from mixnodes.",
    series: { mixnetConnectionsLimit: "" },
  },
  {
    name: "unwrapping_workers",
    help: "Threads that unwrap packets; 0 while the load is low and the main thread does it.",
    series: { workers: "" },
  },
  {
    name: "directory_reachable",
    help: "1 if the latest requests to the directory succeeded, else 0.",
    series: { directoryReachable: "" },
  },
  ...PROCESS_GAUGES,
] as const satisfies readonly Family[];

/** The name of such a gauge in code, as in `workers`. */
export type NodeGaugeName = SeriesOf<typeof NODE_GAUGES>;

/** Connections of every node of the mixnet. */
export const NODE_CONNECTIONS: readonly Connections[] = [
  { name: "mixnet_connections", help: "Open connections from mixnodes.", of: "connections" },
  { name: "mixnode_connections", help: "Open connections to mixnodes.", of: "mixnode_connections" },
];

/** The time to unwrap packets. */
export const UNWRAPPING: Durations = {
  name: "unwrap_duration_seconds",
  help: "Time to unwrap a batch of 1 to 47 packets.",
  bounds: [0.00006, 0.000125, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5],
};

/** The metrics of every program, in no other list. Names with `own` begin with the prefix. */
export const OTHERS = {
  build: {
    type: "gauge",
    own: true,
    name: "build_info",
    help: "Always 1; the labels describe the running build.",
    labels: ["version", "protocol", "commit", "target", "deno"],
  },
  check: {
    type: "gauge",
    own: true,
    name: "check_status",
    help: "1 for the current status of a health check, 0 for the others.",
    labels: ["check", "status"],
  },
  memory: {
    type: "gauge",
    own: false,
    name: "process_resident_memory_bytes",
    help: "Resident memory of the process.",
    labels: [],
  },
  cpu: {
    type: "counter",
    own: false,
    name: "process_cpu_seconds_total",
    help: "Processor time of the process.",
    labels: [],
  },
  start: {
    type: "gauge",
    own: false,
    name: "process_start_time_seconds",
    help: "When the program was started (Unix time).",
    labels: [],
  },
} as const;
