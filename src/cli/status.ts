import { readConfig } from "../config/files.ts";
import { ExitCode, OperatorError } from "../operator_error.ts";
import { gatewayConfigPath } from "./home.ts";
import type { Options } from "./options.ts";
import { print } from "./output.ts";
import { paint } from "./paint.ts";
import { durationText, sizeText } from "../units.ts";

/** ms that the gateway has for its answer */
const TIMEOUT = 5000;
/** Clears the terminal, and goes to its upper left. */
const CLEAR = "\x1b[H\x1b[2J";

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;

/** What is read of the status page's figures (operator/endpoint.ts). */
interface Status {
  readonly name: string;
  readonly build: { readonly version: string };
  /** ms since 1970 */
  readonly startedAt: number;
  readonly now: number;
  readonly status: keyof typeof COLOURS;
  readonly checks: readonly { name: string; status: keyof typeof COLOURS; reason: string }[];
  readonly gauges: Readonly<Record<string, number>>;
  readonly columns: readonly string[];
  readonly samples: readonly (readonly (number | null)[])[];
}

/**
 * Asks a running gateway how it is, and prints it; with --watch again and again. Returns the exit code: 69 when a check
 * fails. Throws an OperatorError when the gateway does not answer.
 */
export async function status(options: Options): Promise<number> {
  const { operator } = readConfig(options.config ?? gatewayConfigPath(options));
  const interval = readInterval(options.watch);
  for (;;) {
    const found = await ask(operator.listeningAddress);
    if (options.output === "json") print(JSON.stringify(found, undefined, 2));
    else print(`${interval === undefined ? "" : CLEAR}${describe(found)}`);
    if (interval === undefined) return found.status === "fail" ? ExitCode.UNAVAILABLE : 0;
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

async function ask(address: string): Promise<Status> {
  if (address === "") {
    throw new OperatorError(
      'Cannot ask the gateway: listening_address in [operator] is ""; set it to 127.0.0.1:9001 and start the gateway anew',
      ExitCode.CONFIGURATION,
    );
  }
  try {
    const reachable = address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
    const response = await fetch(`http://${reachable}/status.json`, { signal: AbortSignal.timeout(TIMEOUT) });
    return await response.json();
  } catch {
    throw new OperatorError(
      `Cannot ask the gateway at ${address} (listening_address in [operator]): does it run? ` +
        "`nym-gateway run --id <id>` starts it",
      ExitCode.UNAVAILABLE,
    );
  }
}

function describe({ name, build, startedAt, now, status, checks, gauges, columns, samples }: Status): string {
  const latest = samples.at(-1);
  const figure = (column: string) => latest?.[columns.indexOf(column)] ?? undefined;
  const rate = (column: string) => `${(figure(column) ?? 0).toFixed(1)}/s`;
  const took = (column: string) => figure(column) === undefined ? "–" : `${figure(column)!.toFixed(1)} ms`;
  const resident = figure("resident");
  const { inboxMessages = 0, inboxBytes = 0, oldestMessage = 0, clientsOnline = 0, clientsRegistered = 0 } = gauges;
  const oldest = inboxMessages === 0 ? "" : `, the oldest ${durationText(1000 * oldestMessage)} old`;
  const rows: [string, string][] = [
    ["packets", `${rate("received")} received, ${rate("dropped")} dropped, ${rate("forwarded")} forwarded`],
    ["messages", `${rate("stored")} stored, ${rate("pushed")} pushed`],
    ["inboxes", `${inboxMessages} messages, ${sizeText(inboxBytes)}${oldest}`],
    ["clients", `${clientsOnline} online, ${clientsRegistered} registered`],
    ["slowest 1 %", `commit ${took("commitSlow")}, unwrap ${took("unwrapSlow")}`],
    ["memory", resident === undefined ? "–" : sizeText(resident)],
  ];
  const head = `${name}, version ${build.version}, up ${durationText(now - startedAt)}`;
  return [
    ` ${paint("bold", head)}  ${paint(COLOURS[status], status)}`,
    "",
    ...checks.map((check) =>
      ` ${paint(COLOURS[check.status], check.status.padEnd(4))}  ${check.name.padEnd(11)} ${check.reason}`
    ),
    "",
    ...rows.map(([subject, text]) => ` ${subject.padEnd(17)} ${text}`),
  ].join("\n");
}
