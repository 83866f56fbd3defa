/**
 * Log lines on standard error or in a file, in the form that 0.7.0 gateways write or as JSON:
 * ` 2026-11-23T01:16:27.772 INFO  nym_gateway::node > Starting nym gateway!`
 *
 * No line ever holds message contents, client addresses, tokens or a peer's IP address.
 */
import { LogFile } from "./file.ts";
import { type LogFilter, verbosityOf } from "./filter.ts";
import { causeOf, FloodGuard } from "./flood.ts";
import { isJournal, withPriority } from "./journal.ts";
import { type Level, LEVELS } from "./level.ts";
import { jsonLine, type LogFormat, textLine, untimedLine } from "./line.ts";
import { Outlet } from "./outlet.ts";
import { onOneLine } from "../text/one_line.ts";
import { remember } from "./warnings.ts";

export type { LogFile } from "./file.ts";
export { type LogFilter, parseLogFilter } from "./filter.ts";
export { type Level, parseLogLevel } from "./level.ts";
export type { LogFormat } from "./line.ts";
export { type Warning, warnings } from "./warnings.ts";

/** Writes lines for one part of the program, if the filter lets them through. */
export interface Logger {
  /** The program can't do something that it should; somebody has to look. */
  error(text: string): void;
  /** Something is wrong or will be, and the program continues. */
  warn(text: string): void;
  /** What an operator wants to see of a healthy node. */
  info(text: string): void;
  /** Details for finding a fault. */
  debug(text: string): void;
  /** Every step. */
  trace(text: string): void;
}

let filter: LogFilter = { level: "info", targets: [] };
/** how many filters were set so far, so that each logger knows whether its cached verbosity still holds */
let filters = 0;
let format: LogFormat = "text";
let file: LogFile | undefined;
const guard = new FloodGuard();
const isTerminal = !Deno.noColor && Deno.stderr.isTerminal();

/** lines that were lost and not yet counted by {@linkcode countLostLines} */
let linesLost = 0;
let onLinesLost = (lines: number): void => {
  linesLost += lines;
};

const standardError = new Outlet(Deno.stderr, {
  lose: (lines) => onLinesLost(lines.length),
  notice: (lost) => {
    const text = `${lost} log lines are lost: standard error failed, or nobody read it`;
    return errorLine("warn", "nym_gateway", text);
  },
});
const toStandardError = (line: string) => standardError.write(line);
let writeError = toStandardError;

/** Sets the least severe level that is written, for the whole program (each worker has its own). Default `info`. */
export function setLogLevel(level: Level | "off"): void {
  setLogFilter({ level, targets: [] });
}

/** Sets which lines are written, by level and by part of the program. */
export function setLogFilter(to: LogFilter): void {
  filter = to;
  filters++;
}

/** Sets what lines look like. Default `text`. */
export function setLogFormat(to: LogFormat): void {
  format = to;
}

/**
 * Opens a file for log lines, or creates it for this user alone (0600). Lines that it can't take go to standard error.
 * @throws what openPrivateFile throws
 */
export function openLogFile(path: string): LogFile {
  return new LogFile(path, (line) => writeError(line));
}

/** Sets where lines go: to a file, which is closed when another one replaces it, or to standard error (the default). */
export function setLogFile(to: LogFile | undefined): void {
  file?.[Symbol.dispose]();
  file = to;
}

/** Sets what takes the lines instead of standard error; undefined: standard error again. */
export function setLogOutput(to: ((line: string) => void) | undefined): void {
  writeError = to ?? toStandardError;
}

/** Calls `count` with the number of lines lost on their way to standard error, so far and later. */
export function countLostLines(count: (lines: number) => void): void {
  if (linesLost > 0) count(linesLost);
  linesLost = 0;
  onLinesLost = count;
}

/** Writes at once how many lines were left out because there were too many. */
export function flushLog(): void {
  guard.flush();
}

/** Waits until all lines are written, for at most `patience` ms. */
export async function settleLog(patience: number): Promise<void> {
  await Promise.all([file?.settle(patience), standardError.settle(patience)]);
}

/** Writes a command's last line to standard error, whatever the level, format and file of the log. */
export function writeLastWord(text: string): void {
  writeError(isJournal ? withPriority("error", text) : text);
}

/** A logger for one part of the program; `target` is its name in the lines, such as `nym_gateway::node`. */
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
  const line = (text: string) =>
    file === undefined ? writeError(errorLine(level, target, text)) : file.write(fileLine(level, target, text));
  const admitted = guard.admit(
    causeOf(level, target, text),
    (leftOut) => line(`… and ${leftOut} more within a second, like: ${text}`),
  );
  if (!admitted) return;
  line(text);
  if (level === "error" || level === "warn") remember({ time: Date.now(), level, text: onOneLine(text) });
}

function fileLine(level: Level, target: string, text: string): string {
  return format === "json" ? jsonLine(new Date(), level, target, text) : textLine(new Date(), level, target, text);
}

function errorLine(level: Level, target: string, text: string): string {
  if (!isJournal && format === "text") return textLine(new Date(), level, target, text, isTerminal);
  if (!isJournal) return jsonLine(new Date(), level, target, text);
  return withPriority(
    level,
    format === "json" ? jsonLine(new Date(), level, target, text) : untimedLine(level, target, text),
  );
}
