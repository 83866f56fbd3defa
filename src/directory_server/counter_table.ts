import type { Family, SeriesOf } from "../counting/counter_table.ts";

/** Why announcements are refused. */
export const REFUSALS = {
  announcements_invalid: "invalid",
  announcements_unproven: "unproven",
  announcements_disallowed: "disallowed",
  announcements_duplicate: "duplicate",
  announcements_full: "full",
} as const;

/** The directory's counters, and the metric in which each is shown. */
export const DIRECTORY_COUNTERS = [
  {
    name: "announcements_total",
    help: "Announcements of nodes that were accepted.",
    label: "proof",
    series: { announcements_proven: "proven", announcements_plain: "plain" },
  },
  {
    name: "announcements_refused_total",
    help: "Announcements that were refused.",
    label: "reason",
    series: REFUSALS,
  },
  {
    name: "proofs_refused_total",
    help: "Announcements with a wrong proof, or with one that is out of date.",
    label: "reason",
    series: { proofs_wrong: "wrong", proofs_outdated: "outdated" },
  },
  {
    name: "requests_limited_total",
    help: "Requests refused because their network sends too many.",
    series: { requests_limited: "" },
  },
  { name: "topologies_total", help: "Topologies that were sent.", series: { topologies_sent: "" } },
  {
    name: "connections_ended_total",
    help: "Connections that were ended.",
    label: "reason",
    series: { connections_evicted: "evicted", connections_silent: "silent", connections_refused: "refused" },
  },
  {
    name: "connection_errors_total",
    help: "Failures to accept a connection, or to pass it on to the server.",
    series: { accept_errors: "" },
  },
  { name: "store_errors_total", help: "Failures to write to the disk.", series: { store_errors: "" } },
  { name: "log_lines_dropped_total", help: "Log lines that could not be written.", series: { log_lines_dropped: "" } },
] as const satisfies readonly Family[];

/** The name of a counter in code. */
export type DirectoryCounterName = SeriesOf<typeof DIRECTORY_COUNTERS>;
