import { COUNTERS, type Family, type SeriesOf } from "../counting/counter_table.ts";
import {
  type Column,
  type Connections,
  type Metrics,
  NODE_CONNECTIONS,
  NODE_GAUGES,
  UNWRAPPING,
} from "../operator/metric_table.ts";

/** Values that are read from the gateway's parts whenever metrics are requested. */
export const GAUGES = [
  { name: "clients_online", help: "Clients that are logged in.", series: { clientsOnline: "" } },
  { name: "clients_registered", help: "Registered clients.", series: { clientsRegistered: "" } },
  { name: "inbox_messages", help: "Stored messages of all clients.", series: { inboxMessages: "" } },
  {
    name: "inbox_bytes",
    help: "Size of the stored messages, without the overhead of the database.",
    series: { inboxBytes: "" },
  },
  {
    name: "inbox_bytes_limit",
    help: "Limit for the size of the stored messages (mailbox_bytes); above it new messages are dropped.",
    series: { inboxBytesLimit: "" },
  },
  {
    name: "oldest_message_age_seconds",
    help:
      "Age of the oldest stored message, not counting time when the gateway was down; updated within a minute of its removal.",
    series: { oldestMessage: "" },
  },
  { name: "disk_free_bytes", help: "Free space on the disk with the inboxes.", series: { diskFree: "" } },
  {
    name: "disk_free_minimum_bytes",
    help: "Free space that must remain (minimum_free_disk); with less, new messages are dropped.",
    series: { diskFreeMinimum: "" },
  },
  {
    name: "client_connections_limit",
    help: "Limit for open WebSockets of clients.",
    series: { clientConnectionsLimit: "" },
  },
  {
    name: "tls_certificate_expiry_timestamp_seconds",
    help: "When the TLS certificate in use expires (Unix time); NaN without TLS.",
    series: { certificateExpiry: "" },
  },
  {
    name: "queue_depth",
    help: "Items queued in memory: packets to unwrap, messages to write, packets to forward.",
    label: "queue",
    series: { unwrappingQueue: "unwrapping", mailboxQueue: "mailbox", forwarderQueue: "forwarder" },
  },
  {
    name: "directory_lists_gateway",
    help: "1 if the directory lists this gateway as it announces itself, else 0; NaN while unknown.",
    series: { directoryListsGateway: "" },
  },
  { name: "topology_mixnodes", help: "Mixnodes in the latest topology from the directory.", series: { mixnodes: "" } },
  ...NODE_GAUGES,
] as const satisfies readonly Family[];

/** The name of a gauge in code, as in `clientsOnline`. */
export type GaugeName = SeriesOf<typeof GAUGES>;

const CONNECTIONS: readonly Connections[] = [
  ...NODE_CONNECTIONS,
  { name: "client_connections", help: "Open WebSockets of clients, logged in or not.", of: "client_connections" },
];

/** What takes time, by name in code. */
export const DURATIONS = {
  commit: {
    name: "commit_duration_seconds",
    help: "Time to write a commit of the mailbox to the disk.",
    bounds: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 4, 8],
  },
  unwrap: UNWRAPPING,
} as const;

const COLUMNS: readonly Column[] = [
  { name: "received", rate: ["packets_received"] },
  { name: "stored", rate: ["messages_stored"] },
  { name: "pushed", rate: ["messages_pushed", "covers_pushed"] },
  { name: "forwarded", rate: ["packets_forwarded"] },
  { name: "dropped", rate: ["packets_dropped_", "packets_unforwarded_"] },
  { name: "refused", rate: ["messages_refused_"] }, // for lack of space
  { name: "commitMedian", duration: "commit", quantile: 0.5 },
  { name: "commitSlow", duration: "commit", quantile: 0.99 },
  { name: "unwrapMedian", duration: "unwrap", quantile: 0.5 },
  { name: "unwrapSlow", duration: "unwrap", quantile: 0.99 },
  { name: "inboxMessages", gauge: "inboxMessages" },
  { name: "inboxBytes", gauge: "inboxBytes" },
  { name: "online", gauge: "clientsOnline" },
];

/** Everything that is measured of a gateway. */
export const GATEWAY_METRICS: Metrics = {
  prefix: "nym_gateway_",
  counters: COUNTERS,
  gauges: GAUGES,
  connections: CONNECTIONS,
  durations: DURATIONS,
  columns: COLUMNS,
  drops: ["packets_dropped_total", "forwarder_packets_total", "messages_refused_total", "messages_lost_total"],
};
