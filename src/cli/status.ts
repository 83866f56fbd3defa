import { readConfig } from "../config/files.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { PACKET_SIZE } from "../sphinx/constants.ts";
import { findHome } from "./home.ts";
import type { Options } from "./options.ts";
import { GATEWAY_ROLE } from "./role.ts";
import { printError, printOn, printText } from "./output.ts";
import { CLEAR_SCREEN, paint } from "./paint.ts";
import { readRunning, type Running } from "./running.ts";
import { parseStatus, type Status, statusTextAt } from "./status_answer.ts";
import { durationText, sizeText } from "../text/units.ts";

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;

/**
 * Prints the health and figures of a running gateway; with --watch, repeatedly. Returns the exit code: 69 if one of its
 * health checks fails.
 * @throws {OperatorError} if the gateway does not answer
 */
export async function status(options: Options): Promise<number> {
  const { configPath } = findHome(GATEWAY_ROLE, options);
  const interval = readInterval(options.watch);
  const running = readRunning(configPath) ?? configuredAt(configPath);
  const look = () => ask(running.operator, running.id);
  const found = await look();
  if (interval !== undefined) return await watch(found, look, interval, options);
  printText(options.output === "json" ? JSON.stringify(found, undefined, 2) : describe(found));
  return found.status === "fail" ? ExitCode.UNAVAILABLE : 0;
}

/** Where a gateway should answer, if it left no note of that. */
function configuredAt(configPath: string): Pick<Running, "id" | "operator"> {
  const { gateway, operator } = readConfig(configPath);
  return { id: gateway.id, operator: operator.listeningAddress };
}

/** Prints until nobody reads it any more; as JSON, one object per line. A gateway that is gone may come back. */
async function watch(first: Status, look: () => Promise<Status>, interval: number, options: Options): Promise<number> {
  const clear = Deno.stdout.isTerminal() ? CLEAR_SCREEN : "";
  for (let next = () => Promise.resolve(first);; next = look) {
    try {
      const found = await next();
      if (!printOn(options.output === "json" ? JSON.stringify(found) : `${clear}${describe(found)}`)) return 0;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      if (clear !== "") printText(clear);
      printError(` ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}

/** in ms */
function readInterval(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= 3600) return seconds * 1000;
  throw new OperatorError(`--watch: "${text}" is not a number of seconds from 0.1 to 3600`, ExitCode.USAGE);
}

async function ask(address: string, id: string): Promise<Status> {
  if (address === "") {
    throw new OperatorError(
      'Cannot ask the gateway: it has no status page, because listening_address in [operator] is "", or another program ' +
        "had its port; set it, for example to 127.0.0.1:9001, and restart the gateway",
      ExitCode.CONFIGURATION,
    );
  }
  const attempt = `Cannot ask the gateway at ${address} (listening_address in [operator])`;
  const body = await statusTextAt(address);
  if (body === undefined) {
    throw new OperatorError(
      `${attempt}: is it running? \`nym-gateway run --id ${id}\` starts it`,
      ExitCode.UNAVAILABLE,
    );
  }
  const found = parseStatus(body);
  if (found === undefined) {
    throw new OperatorError(
      `${attempt}: another program answers there; give the gateway another port`,
      ExitCode.UNAVAILABLE,
    );
  }
  if (found.name === id) return found;
  throw new OperatorError(
    `${attempt}: gateway ${found.name} answers there; give ${id} another port, and restart it`,
    ExitCode.UNAVAILABLE,
  );
}

function describe(status: Status): string {
  const { name, build, startedAt, now, checks } = status;
  const head = `${name}, version ${build.version}, protocol ${build.protocol}, up ${durationText(now - startedAt)}`;
  return [
    ` ${paint("bold", head)}  ${paint(COLOURS[status.status], status.status)}`,
    "",
    ...checks.map((check) =>
      ` ${paint(COLOURS[check.status], check.status.padEnd(4))}  ${check.name.padEnd(11)} ${check.reason}`
    ),
    "",
    ...rowsOf(status).map(([subject, text]) => ` ${subject.padEnd(17)} ${text}`),
    ...warningsOf(status),
  ].join("\n");
}

function rowsOf({ gauges, columns, samples, totals = {} }: Status): Row[] {
  const latest = samples.at(-1);
  const figure = (column: string) => latest?.[columns.indexOf(column)] ?? undefined;
  const rate = (column: string) => `${(figure(column) ?? 0).toFixed(1)}/s`;
  const took = (column: string) => figure(column) === undefined ? "–" : `${figure(column)!.toFixed(1)} ms`;
  const total = (prefix: string) =>
    Object.entries(totals).reduce((sum, [name, value]) => name.startsWith(prefix) ? sum + value : sum, 0);
  const packets = (prefix: string) => `${total(prefix)} (${sizeText(PACKET_SIZE * total(prefix))})`;
  const resident = figure("resident");
  const { inboxMessages = 0, inboxBytes = 0, oldestMessage = 0, clientsOnline = 0, clientsRegistered = 0 } = gauges;
  const oldest = inboxMessages === 0 ? "" : `, the oldest ${durationText(1000 * oldestMessage)} old`;
  return [
    ["packets", `${rate("received")} received, ${rate("dropped")} dropped, ${rate("forwarded")} forwarded`],
    [
      "  since start",
      `${packets("packets_received")} received, ${
        total("packets_dropped_") + total("packets_unforwarded_")
      } dropped, ` +
      `${packets("packets_forwarded")} forwarded`,
    ],
    ["messages", `${rate("stored")} stored, ${rate("pushed")} pushed, ${rate("refused")} refused`],
    [
      "  since start",
      `${total("messages_stored")} stored, ${total("messages_pushed") + total("covers_pushed")} pushed, ` +
      `${total("messages_refused_")} refused`,
    ],
    ["inboxes", `${inboxMessages} messages, ${sizeText(inboxBytes)}${limit(gauges["inboxBytesLimit"])}${oldest}`],
    ...known(gauges["diskFree"], (free) => ["disk", `${sizeText(free)} free${least(gauges["diskFreeMinimum"])}`]),
    ["clients", `${clientsOnline} online, ${clientsRegistered} registered`],
    ...known(gauges["mixnodes"], (mixnodes) => ["mixnodes", `${mixnodes} in the directory`]),
    ["slowest 1 %", `commit ${took("commitSlow")}, unwrap ${took("unwrapSlow")}`],
    ["memory", resident === undefined ? "–" : sizeText(resident)],
    ...known(figure("processor"), (percent) => ["processor", `${percent.toFixed(1)} % of one core`]),
    ...known(gauges["descriptorsHeld"], (held) => ["descriptors", `${held} open`]),
  ];
}

type Row = [subject: string, text: string];

/** A row for a figure, if the gateway knows it. */
function known(figure: number | undefined, row: (figure: number) => Row): Row[] {
  return figure === undefined ? [] : [row(figure)];
}

const limit = (bytes: number | undefined) => bytes === undefined ? "" : ` of ${sizeText(bytes)} at most`;
const least = (bytes: number | undefined) => bytes === undefined ? "" : `, of which ${sizeText(bytes)} are kept free`;

/** The last warnings that were logged, under a heading. */
function warningsOf({ warnings = [], now }: Status): string[] {
  if (warnings.length === 0) return [];
  return [
    "",
    ` ${paint("bold", "last warnings")}`,
    ...warnings.map(({ time, text }) => ` ${`${durationText(Math.max(0, now - time))} ago`.padEnd(17)} ${text}`),
  ];
}
