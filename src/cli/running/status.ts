import { type AnyConfig, homeOf } from "../../config/config.ts";
import { readTable } from "../../config/files.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { findHome } from "../homes/home.ts";
import type { Options } from "../options/options.ts";
import type { Role } from "../role.ts";
import { printError, printOn, printText } from "../output/output.ts";
import { CLEAR_SCREEN, paint } from "../output/paint.ts";
import { readRunning, type Running } from "./running.ts";
import { parseStatus, type Status, statusTextAt } from "./status_answer.ts";
import { rowsOf } from "./status_rows.ts";
import { durationText } from "../../text/units.ts";

const COLOURS = { ok: "green", warn: "yellow", fail: "red" } as const;

/**
 * Prints the health and figures of a running node; with --watch, repeatedly. Returns the exit code: 69 if one of its
 * health checks fails.
 * @throws {OperatorError} if it does not answer
 */
export async function status<C extends AnyConfig>(role: Role<C>, options: Options): Promise<number> {
  const { configPath } = findHome(role, options);
  const interval = readInterval(options.watch);
  const running = readRunning(configPath) ?? configuredAt(role, configPath);
  const look = () => ask(role, running.operator, running.id);
  const found = await look();
  if (interval !== undefined) return await watch(found, look, interval, options);
  printText(options.output === "json" ? JSON.stringify(found, undefined, 2) : describe(found));
  return found.status === "fail" ? ExitCode.UNAVAILABLE : 0;
}

/** Where a node should answer, if it left no note of that. */
function configuredAt<C extends AnyConfig>({ table }: Role<C>, configPath: string): Pick<Running, "id" | "operator"> {
  const config = readTable(table, configPath);
  return { id: homeOf(config).id, operator: config.operator.listeningAddress };
}

/** Prints until nobody reads it any more; as JSON, one object per line. A node that is gone may come back. */
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

async function ask<C extends AnyConfig>(
  { table: { program: kind }, program, operatorPort }: Role<C>,
  address: string,
  id: string,
): Promise<Status> {
  if (address === "") {
    throw new OperatorError(
      `Cannot ask the ${kind}: it has no status page, because listening_address in [operator] is "", or another program ` +
        `had its port; set it, for example to 127.0.0.1:${operatorPort}, and restart the ${kind}`,
      ExitCode.CONFIGURATION,
    );
  }
  const attempt = `Cannot ask the ${kind} at ${address} (listening_address in [operator])`;
  const body = await statusTextAt(address);
  if (body === undefined) {
    throw new OperatorError(
      `${attempt}: is it running? \`${program} run --id ${id}\` starts it`,
      ExitCode.UNAVAILABLE,
    );
  }
  const found = parseStatus(body);
  if (found === undefined) {
    throw new OperatorError(
      `${attempt}: another program answers there; give the ${kind} another port`,
      ExitCode.UNAVAILABLE,
    );
  }
  if (found.kind === kind && found.name === id) return found;
  throw new OperatorError(
    `${attempt}: ${found.kind} ${found.name} answers there; give ${id} another port, and restart it`,
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
    ...decisionsOf(status),
    ...warningsOf(status),
  ].join("\n");
}

/** What a directory's operator has decided about nodes, under a heading. */
function decisionsOf({ decisions = {} }: Status): string[] {
  const all = Object.entries(decisions);
  if (all.length === 0) return [];
  const lines = all.map(([key, { standing, layer }]) =>
    ` ${key.padEnd(44)} ${[standing, layer && `layer ${layer}`].filter(Boolean).join(", ")}`
  );
  return ["", ` ${paint("bold", "decisions about nodes")}`, ...lines];
}

/** The last warnings that were logged, under a heading. */
function warningsOf({ warnings = [], now }: Status): string[] {
  if (warnings.length === 0) return [];
  return [
    "",
    ` ${paint("bold", "last warnings")}`,
    ...warnings.map(({ time, text }) => ` ${`${durationText(Math.max(0, now - time))} ago`.padEnd(17)} ${text}`),
  ];
}
