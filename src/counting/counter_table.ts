/** A metric and its series. */
export interface Family {
  /** without the prefix `nym_gateway_` */
  readonly name: string;
  /** the text of its HELP line */
  readonly help: string;
  /** the label that distinguishes its series; a metric without one has a single series */
  readonly label?: string;
  /** counter name → value of the label ("" without one) */
  readonly series: Readonly<Record<string, string>>;
}

/** The counter names in the series of these metrics. */
export type SeriesOf<Families extends readonly Family[]> = KeyOf<Families[number]["series"]>;
/** The keys of each member of a union. */
export type KeyOf<Union> = Union extends unknown ? keyof Union : never;

/** Why any node drops a packet that it received. */
export const DROPPED = {
  packets_dropped_low_order: "low_order",
  packets_dropped_mac: "mac",
  packets_dropped_flag: "flag",
  packets_dropped_wrong_hop: "wrong_hop",
  packets_dropped_padding: "padding",
  packets_dropped_destination: "destination",
  packets_dropped_replayed: "replayed",
  packets_dropped_worker_died: "worker_died",
} as const;

/** The outcomes of packets that a node forwards. */
export const FORWARDED = {
  packets_forwarded: "forwarded",
  packets_unforwarded_no_room: "no_room",
  packets_unforwarded_unreachable: "unreachable",
} as const;

/** What any node of the mixnet counts besides. */
export const MIXNET_COUNTERS = [
  {
    name: "replay_tags_lost_total",
    help: "Packets that could be replayed, because their tag was forgotten early or not written to disk.",
    label: "reason",
    series: { replay_tags_forgotten_early: "forgotten_early", replay_tags_unwritten: "unwritten" },
  },
  {
    name: "mixnode_connections_opened_total",
    help: "Connections made to mixnodes.",
    series: { mixnode_connections_opened: "" },
  },
  {
    name: "mixnode_connections_closed_total",
    help: "Connections to mixnodes that ended.",
    series: { mixnode_connections_closed: "" },
  },
  {
    name: "mixnode_connects_failed_total",
    help: "Attempts to connect to a mixnode that failed.",
    series: { mixnode_connects_failed: "" },
  },
  {
    name: "mixnet_connections_opened_total",
    help: "Connections from mixnodes.",
    series: { connections_opened: "" },
  },
  {
    name: "mixnet_connections_closed_total",
    help: "Connections from mixnodes that ended.",
    series: { connections_closed: "" },
  },
  {
    name: "mixnet_accept_errors_total",
    help: "Failed attempts to accept a connection from a mixnode, as when file descriptors run short.",
    series: { accept_errors: "" },
  },
  {
    name: "mixnet_streams_broken_total",
    help: "Mixnet streams that were corrupt, or were cut or stalled within a frame or a PROXY header.",
    label: "reason",
    series: {
      streams_corrupt: "corrupt",
      streams_cut: "cut",
      streams_stalled: "stalled",
      streams_malformed_proxy_header: "proxy_header",
    },
  },
  {
    name: "mixnet_connections_limited_total",
    help: "Connections from mixnodes that were closed by a limit, by reason.",
    label: "reason",
    series: { connections_refused: "refused", connections_evicted: "evicted", connections_idle: "idle" },
  },
  {
    name: "log_lines_dropped_total",
    help: "Log lines lost because standard error failed or was not read.",
    series: { log_lines_dropped: "" },
  },
] as const satisfies readonly Family[];

/** The counters of any node of the mixnet. */
export type MixnetCounterName = SeriesOf<typeof MIXNET_COUNTERS> | keyof typeof DROPPED | keyof typeof FORWARDED;

/** Every counter of the gateway and the metric that shows it. Each is shown from the start, as 0. */
export const COUNTERS = [
  {
    name: "packets_received_total",
    help: "Sphinx packets received from the mixnet and unwrapped, whatever the outcome.",
    series: { packets_received: "" },
  },
  {
    name: "packets_dropped_total",
    help: "Sphinx packets received from the mixnet and dropped, by reason.",
    label: "reason",
    series: {
      ...DROPPED,
      packets_dropped_wrong_hop: "forward_hop",
      packets_dropped_unknown_client: "unknown_client",
    },
  },
  {
    name: "cover_messages_total",
    help:
      "Loop cover messages, pushed if their client is connected, passed to the other gateways with the same database if it may be there, and otherwise dropped; never stored.",
    label: "result",
    series: { covers_pushed: "pushed", covers_passed: "passed", covers_dropped: "dropped" },
  },
  { name: "messages_stored_total", help: "Messages committed to the disk.", series: { messages_stored: "" } },
  {
    name: "messages_lost_total",
    help: "Messages that could not be written by the time the gateway stopped.",
    series: { messages_lost: "" },
  },
  {
    name: "messages_pushed_total",
    help: "Stored messages pushed to clients. Unconfirmed ones are pushed and counted again.",
    series: { messages_pushed: "" },
  },
  {
    name: "messages_confirmed_total",
    help: "Messages removed because their delivery was confirmed; counted when their whole chunk is.",
    series: { messages_confirmed: "" },
  },
  {
    name: "messages_expired_total",
    help: "Messages removed because they were not fetched within time_to_live.",
    series: { messages_expired: "" },
  },
  {
    name: "messages_refused_total",
    help: "Messages dropped because there was no room for them, by reason.",
    label: "reason",
    series: {
      messages_refused_inbox_full: "inbox_full",
      messages_refused_mailbox_full: "mailbox_full",
      messages_refused_disk_low: "disk_low",
    },
  },
  {
    name: "clients_slow_total",
    help: "Times that a client read so slowly that the rest of its messages had to wait on the disk.",
    series: { clients_slow: "" },
  },
  {
    name: "damaged_values_total",
    help: "Stored values that were damaged and skipped, by database.",
    label: "database",
    series: { stored_values_damaged: "mailbox", ledger_entries_damaged: "ledger" },
  },
  {
    name: "forwarder_packets_total",
    help: "Packets from clients, by outcome.",
    label: "outcome",
    series: {
      ...FORWARDED,
      packets_unforwarded_not_a_mixnode: "not_a_mixnode",
    },
  },
  ...MIXNET_COUNTERS,
  {
    name: "client_connections_opened_total",
    help: "WebSockets opened by clients.",
    series: { client_connections_opened: "" },
  },
  {
    name: "client_connections_closed_total",
    help: "WebSockets of clients that ended.",
    series: { client_connections_closed: "" },
  },
  {
    name: "client_pending_closed_total",
    help: "Connections of clients that were closed before they became a WebSocket, by reason.",
    label: "reason",
    series: {
      pending_timed_out: "timed_out",
      pending_evicted: "evicted",
      pending_too_big: "too_big",
      pending_malformed_proxy_header: "proxy_header",
    },
  },
  {
    name: "client_connections_limited_total",
    help: "Connections of clients that were closed by a limit, or because they were silent, by reason.",
    label: "reason",
    series: {
      client_connections_refused: "refused",
      client_connections_evicted: "evicted",
      client_sessions_evicted: "idle",
      client_floods_closed: "flooding",
      client_answers_ignored: "not_reading",
      clients_silent: "silent",
      guessers_closed: "guessing",
      challengers_closed: "challenges",
    },
  },
  {
    name: "client_accept_errors_total",
    help: "Failed attempts to accept a connection from a client, as when file descriptors run short.",
    series: { client_accept_errors: "" },
  },
  {
    name: "client_inner_dial_errors_total",
    help: "Connections from the clients' port to the WebSocket server behind it that failed.",
    series: { inner_dial_errors: "" },
  },
  {
    name: "client_logins_total",
    help: "Logins and registrations of clients, by result.",
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
    help: "Frames that were not a valid request, and HTTP requests that did not open a WebSocket, by reason.",
    label: "reason",
    series: {
      requests_malformed: "malformed",
      requests_too_big: "too_big",
      frames_malformed: "no_frame",
      http_errors: "http",
    },
  },
] as const satisfies readonly Family[];

/** The name of a counter. */
export type CounterName = SeriesOf<typeof COUNTERS>;
