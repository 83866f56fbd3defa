import { DROPPED, type Family, FORWARDED, MIXNET_COUNTERS, type SeriesOf } from "../counting/counter_table.ts";

/** Every counter of a mixnode, and the metric that shows it. */
export const MIXNODE_COUNTERS = [
  {
    name: "packets_received_total",
    help: "Sphinx packets received and unwrapped, whatever the outcome.",
    series: { packets_received: "" },
  },
  {
    name: "packets_dropped_total",
    help: "Sphinx packets received and dropped, by reason.",
    label: "reason",
    series: {
      ...DROPPED,
      packets_dropped_wrong_hop: "final_hop",
      packets_dropped_address: "address",
      packets_dropped_not_a_node: "not_a_node",
      packets_dropped_long_delay: "long_delay",
      packets_dropped_no_room: "too_many_held",
      packets_dropped_stopping: "stopping",
    },
  },
  {
    name: "forwarder_packets_total",
    help: "Packets whose delay had passed, by outcome.",
    label: "outcome",
    series: FORWARDED,
  },
  ...MIXNET_COUNTERS,
] as const satisfies readonly Family[];

/** The counters of a mixnode. */
export type MixnodeCounterName = SeriesOf<typeof MIXNODE_COUNTERS>;
