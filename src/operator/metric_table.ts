import type { Family, SeriesOf } from "../counting/counter_table.ts";

/** Opens the name of every metric of ours. */
export const PREFIX = "nym_gateway_";

/** What is asked of the gateway's parts when somebody looks. */
export const GAUGES = [
  { name: "clients_online", help: "Clients that are logged in.", series: { clientsOnline: "" } },
  { name: "clients_registered", help: "Clients that are registered here.", series: { clientsRegistered: "" } },
  { name: "inbox_messages", help: "Messages on the disk, of all clients.", series: { inboxMessages: "" } },
  { name: "inbox_bytes", help: "Their bytes, without what the database adds.", series: { inboxBytes: "" } },
  {
    name: "inbox_bytes_limit",
    help: "How many there may be (mailbox_bytes); beyond that new messages are dropped.",
    series: { inboxBytesLimit: "" },
  },
  {
    name: "oldest_message_age_seconds",
    help:
      "For how long the oldest of them has been kept, not counting time in which the gateway was down; one that has left counts for a minute more.",
    series: { oldestMessage: "" },
  },
  { name: "disk_free_bytes", help: "Free space on the disk with the inboxes.", series: { diskFree: "" } },
  {
    name: "disk_free_minimum_bytes",
    help: "How much of it has to be free (minimum_free_disk); with less, new messages are dropped.",
    series: { diskFreeMinimum: "" },
  },
  {
    name: "client_connections_limit",
    help: "How many WebSockets of clients may be open at once.",
    series: { clientConnectionsLimit: "" },
  },
  {
    name: "mixnet_connections_limit",
    help: "How many connections of mixnodes may be open at once.",
    series: { mixnetConnectionsLimit: "" },
  },
  {
    name: "tls_certificate_expiry_timestamp_seconds",
    help: "When the TLS certificate in use ends (Unix time); NaN without TLS.",
    series: { certificateExpiry: "" },
  },
  {
    name: "queue_depth",
    help: "What waits in memory: packets to be unwrapped, messages to be written, packets for mixnodes.",
    label: "queue",
    series: { unwrappingQueue: "unwrapping", mailboxQueue: "mailbox", forwarderQueue: "forwarder" },
  },
  {
    name: "unwrapping_workers",
    help: "Threads that unwrap packets; 0 while there are so few that the main thread does.",
    series: { workers: "" },
  },
  {
    name: "directory_reachable",
    help: "1 when the last requests to the directory server succeeded, else 0.",
    series: { directoryReachable: "" },
  },
  {
    name: "directory_lists_gateway",
    help: "1 when the directory lists this gateway as it announces itself, else 0; NaN before its first answer.",
    series: { directoryListsGateway: "" },
  },
  { name: "topology_mixnodes", help: "Mixnodes in the directory's last topology.", series: { mixnodes: "" } },
  {
    name: "config_last_reload_successful",
    help: "0 when the configuration was refused as it was read last, so that the one before stays; else 1.",
    series: { configAccepted: "" },
  },
  {
    name: "config_last_reload_success_timestamp_seconds",
    help: "When the configuration was read and taken over last, at the start or since (Unix time).",
    series: { configAcceptedAt: "" },
  },
  {
    name: "descriptors_held",
    help: "File descriptors that the process holds, found out by trying; NaN where that can't be done.",
    series: { descriptorsHeld: "" },
  },
  {
    name: "descriptors_limit",
    help: "How many it may hold, as far as they were counted: there may be more where it is over 4000.",
    series: { descriptorsLimit: "" },
  },
  { name: "heap_used_bytes", help: "Memory of JavaScript objects of the main thread.", series: { heapUsed: "" } },
] as const satisfies readonly Family[];

export type GaugeName = SeriesOf<typeof GAUGES>;

/** Connections that are open now: opened minus closed ones. */
export const OPEN_CONNECTIONS = [
  { name: "mixnet_connections", help: "Open connections of mixnodes.", of: "connections" },
  { name: "mixnode_connections", help: "Open connections to mixnodes.", of: "mixnode_connections" },
  { name: "client_connections", help: "Open WebSockets of clients, logged in or not.", of: "client_connections" },
] as const;

/** Durations, in seconds; `bounds` are those of the buckets. */
export const HISTOGRAMS = {
  commit: {
    name: "commit_duration_seconds",
    help: "How long it took to write a commit of the mailbox to the disk.",
    bounds: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 4, 8],
  },
  unwrap: {
    name: "unwrap_duration_seconds",
    help: "How long it took to unwrap a batch of 1 to 47 packets.",
    bounds: [0.00006, 0.000125, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5],
  },
} as const;

export type HistogramName = keyof typeof HISTOGRAMS;

/** What the rest of the exposition is made of. */
export const OTHERS = {
  build: {
    type: "gauge",
    name: `${PREFIX}build_info`,
    help: "Always 1; the labels say what runs.",
    labels: ["version", "protocol", "commit", "target", "deno"],
  },
  check: {
    type: "gauge",
    name: `${PREFIX}check_status`,
    help: "1 for the status that a health check has, 0 for the others.",
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
