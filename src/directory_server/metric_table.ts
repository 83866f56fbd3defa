import type { Family, SeriesOf } from "../counting/counter_table.ts";
import { type Column, type Metrics, PROCESS_GAUGES } from "../operator/metric_table.ts";
import { DIRECTORY_COUNTERS, REFUSALS } from "./counter_table.ts";

/** Values that are read from the directory's parts whenever metrics are requested. */
export const GAUGES = [
  {
    name: "nodes",
    help: "Nodes that are listed.",
    label: "kind",
    series: { mixnodes: "mixnode", gateways: "gateway" },
  },
  {
    name: "nodes_limit",
    help: "Limits for the nodes listed (mixnodes and gateways in [limits]).",
    label: "kind",
    series: { mixnodesLimit: "mixnode", gatewaysLimit: "gateway" },
  },
  {
    name: "empty_layers",
    help: "Layers from 1 to 3 without a mixnode: clients can't send while there are any.",
    series: { emptyLayers: "" },
  },
  { name: "sessions", help: "Nodes that prove their keys at present.", series: { sessions: "" } },
  { name: "connections", help: "Open connections of nodes and clients.", series: { connections: "" } },
  { name: "connections_limit", help: "Limit for open connections.", series: { connectionsLimit: "" } },
  {
    name: "tls_certificate_expiry_timestamp_seconds",
    help: "When the TLS certificate in use expires (Unix time); NaN without TLS.",
    series: { certificateExpiry: "" },
  },
  ...PROCESS_GAUGES,
] as const satisfies readonly Family[];

/** The name of a gauge in code, as in `sessions`. */
export type DirectoryGaugeName = SeriesOf<typeof GAUGES>;

const COLUMNS: readonly Column[] = [
  { name: "announcements", rate: ["announcements_proven", "announcements_plain"] },
  { name: "refused", rate: Object.keys(REFUSALS) },
  { name: "topologies", rate: ["topologies_sent"] },
  { name: "limited", rate: ["requests_limited"] },
  { name: "mixnodes", gauge: "mixnodes" },
  { name: "gateways", gauge: "gateways" },
  { name: "connections", gauge: "connections" },
  { name: "sessions", gauge: "sessions" },
];

/** Everything that is measured of a directory. */
export const DIRECTORY_METRICS: Metrics = {
  prefix: "nym_directory_",
  counters: DIRECTORY_COUNTERS,
  gauges: GAUGES,
  connections: [],
  durations: {},
  columns: COLUMNS,
  drops: ["announcements_refused_total", "proofs_refused_total", "requests_limited_total"],
};
