import { boundedBody } from "../directory/bounded_body.ts";
import { readConfig } from "../config/files.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import type { Warning } from "../logging/log.ts";
import { PACKET_SIZE } from "../sphinx/constants.ts";
import { onOneLine } from "../text/one_line.ts";
import { findGateway } from "./home.ts";
import type { Options } from "./options.ts";
import { printError, printOn, printText } from "./output.ts";
import { CLEAR_SCREEN, paint } from "./paint.ts";
import { readRunning, type Running } from "./running.ts";
import { parseSocketAddress } from "../addresses/socket_address.ts";
import { durationText, sizeText } from "../text/units.ts";

/** ms that the gateway has for its answer */
const TIMEOUT = 5000;
/** bytes; its answer has some ten thousand */
const MAX_ANSWER_SIZE = 1_048_576;

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;

/** What is read of the status page's figures (operator/endpoint.ts). */
interface Status {
  readonly name: string;
  readonly build: { readonly version: string; readonly protocol: string };
  /** ms since 1970 */
  readonly startedAt: number;
  readonly now: number;
  readonly status: keyof typeof COLOURS;
  readonly checks: readonly { name: string; status: keyof typeof COLOURS; reason: string }[];
  readonly gauges: Readonly<Record<string, number>>;
  /** counters since the start */
  readonly totals?: Readonly<Record<string, number>>;
  readonly warnings?: readonly Warning[];
  readonly columns: readonly string[];
  readonly samples: readonly (readonly (number | null)[])[];
}

/**
 * Asks a running gateway how it is, and prints it; with --watch again and again. Returns the exit code: 69 when a check
 * fails. Throws an OperatorError when the gateway does not answer.
 */
export async function status(options: Options): Promise<number> {
  const { configPath } = findGateway(options);
  const interval = readInterval(options.watch);
  const running = readRunning(configPath) ?? configuredAt(configPath);
  const look = () => ask(running.operator, running.id);
  const found = await look();
  if (interval !== undefined) return await watch(found, look, interval, options);
  printText(options.output === "json" ? JSON.stringify(found, undefined, 2) : describe(found));
  return found.status === "fail" ? ExitCode.UNAVAILABLE : 0;
}

/** Where a gateway answers that has not written that down. */
function configuredAt(configPath: string): Pick<Running, "id" | "operator"> {
  const { gateway, operator } = readConfig(configPath);
  return { id: gateway.id, operator: operator.listeningAddress };
}

/** Prints until nobody reads it any more; with --output json an object a line. A gateway that is away may come back. */
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

/** ms */
function readInterval(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= 3600) return seconds * 1000;
  throw new OperatorError(`--watch: "${text}" is not a number of seconds from 0.1 to 3600`, ExitCode.USAGE);
}

async function ask(address: string, id: string): Promise<Status> {
  if (address === "") {
    throw new OperatorError(
      'Cannot ask the gateway: it has no status page, as listening_address in [operator] is "", or another program had ' +
        "its port; set it, as to 127.0.0.1:9001, and restart the gateway",
      ExitCode.CONFIGURATION,
    );
  }
  const attempt = `Cannot ask the gateway at ${address} (listening_address in [operator])`;
  const body = await statusAt(address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:"));
  if (body === undefined) {
    throw new OperatorError(
      `${attempt}: does it run? \`nym-gateway run --id ${id}\` starts it`,
      ExitCode.UNAVAILABLE,
    );
  }
  const found = parseStatus(body);
  if (found === undefined) {
    throw new OperatorError(
      `${attempt}: what answers there is no gateway; give the gateway another port`,
      ExitCode.UNAVAILABLE,
    );
  }
  if (found.name === id) return found;
  throw new OperatorError(
    `${attempt}: gateway ${found.name} answers there; give ${id} another port, and start it anew`,
    ExitCode.UNAVAILABLE,
  );
}

/** What is answered there, or undefined; no proxy is asked that the environment may name. */
async function statusAt(address: string): Promise<string | undefined> {
  const { host: hostname, port } = parseSocketAddress(address)!;
  using client = Deno.createHttpClient({ proxy: { transport: "tcp", hostname, port } });
  try {
    const response = await fetch(`http://${address}/status.json`, { client, signal: AbortSignal.timeout(TIMEOUT) });
    return new TextDecoder().decode(await boundedBody(response, MAX_ANSWER_SIZE));
  } catch {
    return undefined;
  }
}

function parseStatus(text: string): Status | undefined {
  try {
    const status: Partial<Status> | null = JSON.parse(
      text,
      (_, value) => typeof value === "string" ? onOneLine(value) : value,
    );
    const { name, build, gauges, checks, columns, samples } = status ?? {};
    const isOurs = [name, build?.version, build?.protocol].every((text) => typeof text === "string") &&
      typeof gauges === "object" && [checks, columns, samples].every(Array.isArray);
    return isOurs ? status as Status : undefined;
  } catch {
    return undefined;
  }
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

function rowsOf({ gauges, columns, samples, totals = {} }: Status): [subject: string, text: string][] {
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
    ["inboxes", `${inboxMessages} messages, ${sizeText(inboxBytes)}${oldest}`],
    ["clients", `${clientsOnline} online, ${clientsRegistered} registered`],
    ["slowest 1 %", `commit ${took("commitSlow")}, unwrap ${took("unwrapSlow")}`],
    ["memory", resident === undefined ? "–" : sizeText(resident)],
  ];
}

/** The last ones that were logged, under a line of their own. */
function warningsOf({ warnings = [], now }: Status): string[] {
  if (warnings.length === 0) return [];
  return [
    "",
    ` ${paint("bold", "last warnings")}`,
    ...warnings.map(({ time, text }) => ` ${`${durationText(Math.max(0, now - time))} ago`.padEnd(17)} ${text}`),
  ];
}
