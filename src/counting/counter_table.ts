/** A metric: what stands in its HELP line, and which of our names its series have, by the value of its label. */
export interface Family {
  /** without the prefix */
  readonly name: string;
  readonly help: string;
  /** the label that tells its series apart; without one it has a single series */
  readonly label?: string;
  /** our name → value of the label ("" without one) */
  readonly series: Readonly<Record<string, string>>;
}

/** Our names in the series of those metrics. */
export type SeriesOf<Families extends readonly Family[]> = KeyOf<Families[number]["series"]>;
type KeyOf<Union> = Union extends unknown ? keyof Union : never;

/**
 * Every name that is counted anywhere in the gateway, and the metric in which it is shown. What stands here is shown from
 * the start on, with 0.
 */
export const COUNTERS = [
  {
    name: "packets_received_total",
    help: "Sphinx packets of the mixnet that were unwrapped, whatever came of them.",
    series: { packets_received: "" },
  },
  {
    name: "packets_dropped_total",
    help: "Sphinx packets of the mixnet that were dropped, by reason.",
    label: "reason",
    series: {
      packets_dropped_low_order: "low_order",
      packets_dropped_mac: "mac",
      packets_dropped_flag: "flag",
      packets_dropped_padding: "padding",
      packets_dropped_destination: "destination",
      packets_dropped_forward_hop: "forward_hop",
      packets_dropped_unknown_client: "unknown_client",
      packets_dropped_replayed: "replayed",
      packets_dropped_worker_died: "worker_died",
    },
  },
  {
    name: "cover_messages_total",
    help: "Clients' own loop cover: pushed to a client that is there, else dropped; never stored.",
    label: "result",
    series: { covers_pushed: "pushed", covers_dropped: "dropped" },
  },
  { name: "messages_stored_total", help: "Messages committed to the disk.", series: { messages_stored: "" } },
  {
    name: "messages_lost_total",
    help: "Messages that could not be written until the gateway was stopped.",
    series: { messages_lost: "" },
  },
  {
    name: "messages_pushed_total",
    help: "Stored messages pushed to clients; what was not confirmed is pushed again, and counted again.",
    series: { messages_pushed: "" },
  },
  {
    name: "messages_confirmed_total",
    help: "Messages whose delivery was confirmed, so that they leave the disk; counted when their chunk is.",
    series: { messages_confirmed: "" },
  },
  {
    name: "messages_expired_total",
    help: "Messages that nobody fetched within time_to_live, so that they left the disk.",
    series: { messages_expired: "" },
  },
  {
    name: "messages_refused_total",
    help: "Messages that were dropped since there was no room for them.",
    label: "reason",
    series: {
      messages_refused_inbox_full: "inbox_full",
      messages_refused_mailbox_full: "mailbox_full",
      messages_refused_disk_low: "disk_low",
    },
  },
  {
    name: "clients_slow_total",
    help: "How often a client took so little that its messages went back to the disk until it reads on.",
    series: { clients_slow: "" },
  },
  {
    name: "damaged_values_total",
    help: "Stored values that could not be opened, and were skipped.",
    label: "database",
    series: { stored_values_damaged: "mailbox", ledger_entries_damaged: "ledger" },
  },
  {
    name: "replay_tags_lost_total",
    help: "Packets of which it was forgotten too early that they had come, or not written down.",
    label: "reason",
    series: { replay_tags_forgotten_early: "forgotten_early", replay_tags_unwritten: "unwritten" },
  },
  {
    name: "forwarder_packets_total",
    help: "Packets that clients handed in, by what became of them.",
    label: "outcome",
    series: {
      packets_forwarded: "forwarded",
      packets_unforwarded_not_a_mixnode: "not_a_mixnode",
      packets_unforwarded_no_room: "no_room",
      packets_unforwarded_unreachable: "unreachable",
    },
  },
  {
    name: "mixnode_connections_opened_total",
    help: "Connections made to mixnodes.",
    series: { mixnode_connections_opened: "" },
  },
  {
    name: "mixnode_connections_closed_total",
    help: "Connections to mixnodes that have ended.",
    series: { mixnode_connections_closed: "" },
  },
  {
    name: "mixnode_connects_failed_total",
    help: "Attempts to connect to a mixnode that failed.",
    series: { mixnode_connects_failed: "" },
  },
  {
    name: "mixnet_connections_opened_total",
    help: "Connections that mixnodes made to the gateway.",
    series: { connections_opened: "" },
  },
  {
    name: "mixnet_connections_closed_total",
    help: "Connections of mixnodes that have ended.",
    series: { connections_closed: "" },
  },
  {
    name: "mixnet_accept_errors_total",
    help: "Connections of mixnodes that could not be accepted, as when descriptors are short.",
    series: { accept_errors: "" },
  },
  {
    name: "mixnet_streams_broken_total",
    help: "Mixnet streams that were corrupt, cut inside a frame, or stopped in one.",
    label: "reason",
    series: { streams_corrupt: "corrupt", streams_cut: "cut", streams_stalled: "stalled" },
  },
  {
    name: "mixnet_connections_limited_total",
    help: "Connections of mixnodes that were closed by a limit.",
    label: "reason",
    series: { connections_refused: "refused", connections_evicted: "evicted", connections_idle: "idle" },
  },
  {
    name: "client_connections_opened_total",
    help: "WebSockets that clients opened.",
    series: { client_connections_opened: "" },
  },
  {
    name: "client_connections_closed_total",
    help: "Clients' WebSockets that have ended.",
    series: { client_connections_closed: "" },
  },
  {
    name: "client_pending_closed_total",
    help: "Clients' pending connections, not WebSockets yet, that were closed.",
    label: "reason",
    series: {
      pending_timed_out: "timed_out",
      pending_evicted: "evicted",
      pending_too_big: "too_big",
    },
  },
  {
    name: "client_connections_limited_total",
    help: "Clients' connections that were closed by a limit.",
    label: "reason",
    series: {
      client_connections_refused: "refused",
      client_connections_evicted: "evicted",
      client_floods_closed: "flooding",
      client_answers_ignored: "not_reading",
      guessers_closed: "guessing",
    },
  },
  {
    name: "client_accept_errors_total",
    help: "Connections of clients that could not be accepted, as when descriptors are short.",
    series: { client_accept_errors: "" },
  },
  {
    name: "client_logins_total",
    help: "Logins of clients, by result.",
    label: "result",
    series: {
      registrations: "registered",
      registrations_refused: "registration_refused",
      authentications: "authenticated",
      registrations_refused_without_proof: "proof_missing",
      registrations_limited_network: "limited_network",
      registrations_limited_total: "limited_total",
      proofs_refused: "proof_refused",
      authentications_refused: "authentication_refused",
      logins_timed_out: "timed_out",
    },
  },
  {
    name: "client_requests_refused_total",
    help: "Frames of clients that were no request, and HTTP requests that were no WebSocket's.",
    label: "reason",
    series: {
      requests_malformed: "malformed",
      requests_too_big: "too_big",
      frames_malformed: "no_frame",
      http_errors: "http",
    },
  },
  {
    name: "log_lines_dropped_total",
    help: "Log lines that standard error did not take, as it failed or nobody read it.",
    series: { log_lines_dropped: "" },
  },
] as const satisfies readonly Family[];

export type CounterName = SeriesOf<typeof COUNTERS>;
