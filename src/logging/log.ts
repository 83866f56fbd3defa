// deno-lint-ignore-file no-console -- this is where log lines leave the program
/**
 * Log lines on standard error or in a file, in the form that 0.7.0 gateways write or as JSON:
 * ` 2026-11-23T01:16:27.772 INFO  nym_gateway::node > Starting nym gateway!`
 *
 * What goes in here never holds message contents, client addresses, tokens or a peer's IP address.
 */
import type { LogFile } from "./file.ts";
import { type LogFilter, verbosityOf } from "./filter.ts";
import { causeOf, FloodGuard } from "./flood.ts";
import { type Level, LEVELS } from "./level.ts";
import { jsonLine, type LogFormat, textLine } from "./line.ts";

export { LogFile } from "./file.ts";
export { type LogFilter, parseLogFilter } from "./filter.ts";
export { type Level, parseLogLevel } from "./level.ts";
export type { LogFormat } from "./line.ts";

export interface Logger {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
  trace(text: string): void;
}

let filter: LogFilter = { level: "info", targets: [] };
/** counts the filters that there were, so that each logger knows whether its verbosity still holds */
let filters = 0;
let format: LogFormat = "text";
let file: LogFile | undefined;
const guard = new FloodGuard();
const isTerminal = !Deno.noColor && Deno.stderr.isTerminal();

/** Sets from which level on lines are written, for the whole program (one setting for each worker). Default `info`. */
export function setLogLevel(level: Level | "off"): void {
  setLogFilter({ level, targets: [] });
}

/** Sets which lines are written, with levels of their own for parts of the program. */
export function setLogFilter(to: LogFilter): void {
  filter = to;
  filters++;
}

/** Sets what lines look like. Default `text`. */
export function setLogFormat(to: LogFormat): void {
  format = to;
}

/** Sets where lines go: to a file, which is closed when another one comes, or to standard error (the default). */
export function setLogFile(to: LogFile | undefined): void {
  file?.[Symbol.dispose]();
  file = to;
}

/** Says at once what lines were left out for being too many. */
export function flushLog(): void {
  guard.flush();
}

/** A logger for one part of the program; `target` is its name in the lines, as in `nym_gateway::node`. */
export function logger(target: string): Logger {
  let verbosity = 0;
  let known = -1;
  const writer = (level: Level) => {
    const severity = LEVELS.indexOf(level);
    return (text: string) => {
      if (known !== filters) [verbosity, known] = [verbosityOf(filter, target), filters];
      if (severity <= verbosity) write(level, target, text);
    };
  };
  return {
    error: writer("error"),
    warn: writer("warn"),
    info: writer("info"),
    debug: writer("debug"),
    trace: writer("trace"),
  };
}

function write(level: Level, target: string, text: string): void {
  const line = (text: string) => {
    const inColour = isTerminal && file === undefined;
    const line = format === "json"
      ? jsonLine(new Date(), level, target, text)
      : textLine(new Date(), level, target, text, inColour);
    if (!file?.write(line)) console.error(line);
  };
  const admitted = guard.admit(
    causeOf(level, target, text),
    (leftOut) => line(`… and ${leftOut} more within a second, like: ${text}`),
  );
  if (admitted) line(text);
}
