import { PACKET_SIZE } from "../../sphinx/constants.ts";
import { plural } from "../../text/plural.ts";
import { durationText, sizeText } from "../../text/units.ts";
import type { Status } from "./status_answer.ts";

/** A line of the status: what it is about, and the figures. */
export type Row = [subject: string, text: string];

/** Counters of announcements that a directory has refused. */
const REFUSED = ["invalid", "unproven", "disallowed", "duplicate", "full"].map((why) => `announcements_${why}`);

/** The figures of a node, each with what it is about. */
export function rowsOf(status: Status): Row[] {
  const { gauges } = status;
  const { figure } = readersOf(status);
  const resident = figure("resident");
  return [
    ...status.kind === "directory" ? directoryRows(status) : mixnetRows(status),
    ["memory", resident === undefined ? "–" : sizeText(resident)],
    ...known(figure("processor"), (percent) => ["processor", `${percent.toFixed(1)} % of one core`]),
    ...known(gauges["descriptorsHeld"], (held) => ["descriptors", `${held} open`]),
  ];
}

function mixnetRows(status: Status): Row[] {
  const { rate, total } = readersOf(status);
  const packets = (prefix: string) => `${total(prefix)} (${sizeText(PACKET_SIZE * total(prefix))})`;
  return [
    ["packets", `${rate("received")} received, ${rate("dropped")} dropped, ${rate("forwarded")} forwarded`],
    [
      "  since start",
      `${packets("packets_received")} received, ${
        total("packets_dropped_") + total("packets_unforwarded_")
      } dropped, ` +
      `${packets("packets_forwarded")} forwarded`,
    ],
    ...status.kind === "mixnode" ? mixnodeRows(status) : gatewayRows(status),
  ];
}

function directoryRows(status: Status): Row[] {
  const { mixnodes = 0, gateways = 0, sessions = 0, connections = 0, connectionsLimit } = status.gauges;
  const { rate, total } = readersOf(status);
  const refused = REFUSED.reduce((sum, name) => sum + total(name), 0);
  const most = connectionsLimit === undefined ? "" : ` of ${connectionsLimit} at most`;
  return [
    ["nodes", `${plural(mixnodes, "mixnode")}, ${plural(gateways, "gateway")}; ${sessions} prove their keys`],
    ["announcements", `${rate("announcements")} accepted, ${rate("refused")} refused`],
    [
      "  since start",
      `${total("announcements_proven") + total("announcements_plain")} accepted, ${refused} refused`,
    ],
    ["topologies", `${rate("topologies")} sent`],
    ["connections", `${connections}${most}`],
  ];
}

function gatewayRows(status: Status): Row[] {
  const { gauges } = status;
  const { rate, total, took } = readersOf(status);
  const { inboxMessages = 0, inboxBytes = 0, oldestMessage = 0, clientsOnline = 0, clientsRegistered = 0 } = gauges;
  const oldest = inboxMessages === 0 ? "" : `, the oldest ${durationText(1000 * oldestMessage)} old`;
  return [
    ["messages", `${rate("stored")} stored, ${rate("pushed")} pushed, ${rate("refused")} refused`],
    [
      "  since start",
      `${total("messages_stored")} stored, ${total("messages_pushed") + total("covers_pushed")} pushed, ` +
      `${total("messages_refused_")} refused`,
    ],
    ["inboxes", `${inboxMessages} messages, ${sizeText(inboxBytes)}${limit(gauges["inboxBytesLimit"])}${oldest}`],
    ...known(status.identity?.["store"], (store) => ["store", `${store}; ${waitingText(gauges["mailboxQueue"])}`]),
    ...known(gauges["diskFree"], (free) => ["disk", `${sizeText(free)} free${least(gauges["diskFreeMinimum"])}`]),
    ["clients", `${clientsOnline} online, ${clientsRegistered} registered`],
    ...known(gauges["mixnodes"], (mixnodes) => ["mixnodes", `${mixnodes} in the directory`]),
    ["slowest 1 %", `commit ${took("commitSlow")}, unwrap ${took("unwrapSlow")}`],
  ];
}

function mixnodeRows(status: Status): Row[] {
  const { heldPackets = 0, heldPacketsLimit, nodes } = status.gauges;
  const most = heldPacketsLimit === undefined ? "" : ` of ${heldPacketsLimit} at most`;
  return [
    ["delays", `${plural(heldPackets, "packet")} waiting${most}`],
    ...known(nodes, (nodes) => ["other nodes", `${nodes} that packets may go to`]),
    ["slowest 1 %", `unwrap ${readersOf(status).took("unwrapSlow")}`],
  ];
}

function readersOf({ columns, samples, totals = {} }: Status) {
  const latest = samples.at(-1);
  const figure = (column: string) => latest?.[columns.indexOf(column)] ?? undefined;
  return {
    figure,
    rate: (column: string) => `${(figure(column) ?? 0).toFixed(1)}/s`,
    took: (column: string) => figure(column) === undefined ? "–" : `${figure(column)!.toFixed(1)} ms`,
    total: (prefix: string) =>
      Object.entries(totals).reduce((sum, [name, value]) => name.startsWith(prefix) ? sum + value : sum, 0),
  };
}

/** A row for a figure or text, if the node knows it. */
function known<T extends number | string>(figure: T | undefined, row: (figure: T) => Row): Row[] {
  return figure === undefined ? [] : [row(figure)];
}

const waitingText = (messages = 0) => `${plural(messages, "message")} not written yet`;
const limit = (bytes: number | undefined) => bytes === undefined ? "" : ` of ${sizeText(bytes)} at most`;
const least = (bytes: number | undefined) => bytes === undefined ? "" : `, of which ${sizeText(bytes)} are kept free`;
