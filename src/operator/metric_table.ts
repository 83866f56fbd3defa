import type { Family, SeriesOf } from "../counting/counter_table.ts";

/** The prefix of the gateway's own metrics. */
export const PREFIX = "nym_gateway_";

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
    name: "mixnet_connections_limit",
    help: "Limit for open connections from mixnodes.",
    series: { mixnetConnectionsLimit: "" },
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
    name: "unwrapping_workers",
    help: "Threads that unwrap packets; 0 while the load is low and the main thread does it.",
    series: { workers: "" },
  },
  {
    name: "directory_reachable",
    help: "1 if the latest requests to the directory succeeded, else 0.",
    series: { directoryReachable: "" },
  },
  {
    name: "directory_lists_gateway",
    help: "1 if the directory lists this gateway as it announces itself, else 0; NaN while unknown.",
    series: { directoryListsGateway: "" },
  },
  { name: "topology_mixnodes", help: "Mixnodes in the latest topology from the directory.", series: { mixnodes: "" } },
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

/** The name of a gauge in code, as in `clientsOnline`. */
export type GaugeName = SeriesOf<typeof GAUGES>;

/** Connections that are open now: those opened minus those closed. */
export const OPEN_CONNECTIONS = [
  { name: "mixnet_connections", help: "Open connections from mixnodes.", of: "connections" },
  { name: "mixnode_connections", help: "Open connections to mixnodes.", of: "mixnode_connections" },
  { name: "client_connections", help: "Open WebSockets of clients, logged in or not.", of: "client_connections" },
] as const;

/** Durations in seconds; `bounds` are the upper bounds of the buckets. */
export const HISTOGRAMS = {
  commit: {
    name: "commit_duration_seconds",
    help: "Time to write a commit of the mailbox to the disk.",
    bounds: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 4, 8],
  },
  unwrap: {
    name: "unwrap_duration_seconds",
    help: "Time to unwrap a batch of 1 to 47 packets.",
    bounds: [0.00006, 0.000125, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5],
  },
} as const;

/** The name of a histogram in code, as in `commit`. */
export type HistogramName = keyof typeof HISTOGRAMS;

/** Metrics that are in no other list. */
export const OTHERS = {
  build: {
    type: "gauge",
    name: `${PREFIX}build_info`,
    help: "Always 1; the labels describe the running build.",
    labels: ["version", "protocol", "commit", "target", "deno"],
  },
  check: {
    type: "gauge",
    name: `${PREFIX}check_status`,
    help: "1 for the current status of a health check, 0 for the others.",
    labels: ["check", "status"],
  },
  memory: { type: "gauge", name: "process_resident_memory_bytes", help: "Resident memory of the process.", labels: [] },
  cpu: { type: "counter", name: "process_cpu_seconds_total", help: "Processor time of the process.", labels: [] },
  start: {
    type: "gauge",
    name: "process_start_time_seconds",
    help: "When the gateway was started (Unix time).",
    labels: [],
  },
} as const;
