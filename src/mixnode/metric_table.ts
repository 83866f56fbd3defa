import type { Family, SeriesOf } from "../counting/counter_table.ts";
import { type Column, type Metrics, NODE_CONNECTIONS, NODE_GAUGES, UNWRAPPING } from "../operator/metric_table.ts";
import { MIXNODE_COUNTERS } from "./counter_table.ts";

/** Values that are read from the mixnode's parts whenever metrics are requested. */
export const GAUGES = [
  { name: "held_packets", help: "Packets waiting for their delay.", series: { heldPackets: "" } },
  {
    name: "held_packets_limit",
    help: "Limit for packets waiting for their delay (held_packets); further packets are dropped.",
    series: { heldPacketsLimit: "" },
  },
  {
    name: "queue_depth",
    help: "Packets queued in memory: to unwrap, for nodes that the directory may list soon, and to forward.",
    label: "queue",
    series: { unwrappingQueue: "unwrapping", newcomersQueue: "newcomers", forwarderQueue: "forwarder" },
  },
  {
    name: "directory_lists_mixnode",
    help: "1 if the directory lists this mixnode as it announces itself, else 0; NaN while unknown.",
    series: { directoryListsMixnode: "" },
  },
  {
    name: "topology_nodes",
    help: "Mixnodes and gateways that packets may go to, from the latest topology of the directory.",
    series: { nodes: "" },
  },
  ...NODE_GAUGES,
] as const satisfies readonly Family[];

/** The name of a gauge in code, as in `heldPackets`. */
export type MixnodeGaugeName = SeriesOf<typeof GAUGES>;

const COLUMNS: readonly Column[] = [
  { name: "received", rate: ["packets_received"] },
  { name: "forwarded", rate: ["packets_forwarded"] },
  { name: "dropped", rate: ["packets_dropped_", "packets_unforwarded_"] },
  { name: "unwrapMedian", duration: "unwrap", quantile: 0.5 },
  { name: "unwrapSlow", duration: "unwrap", quantile: 0.99 },
  { name: "held", gauge: "heldPackets" },
];

/** Everything that is measured of a mixnode. */
export const MIXNODE_METRICS: Metrics = {
  prefix: "nym_mixnode_",
  counters: MIXNODE_COUNTERS,
  gauges: GAUGES,
  connections: NODE_CONNECTIONS,
  durations: { unwrap: UNWRAPPING },
  columns: COLUMNS,
  drops: ["packets_dropped_total", "forwarder_packets_total"],
};
