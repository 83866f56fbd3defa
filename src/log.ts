// deno-lint-ignore-file no-console -- this is where log lines leave the program
/**
 * Log lines in the form that 0.7.0 gateways write, on standard error:
 * ` 2026-11-23T01:16:27.772 INFO  nym_gateway::node > Starting nym gateway!`
 *
 * What goes in here never holds message contents, client addresses, tokens or a peer's IP address.
 */

export type Level = "error" | "warn" | "info" | "debug" | "trace";

export interface Logger {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
  trace(text: string): void;
}

const LEVELS = ["off", "error", "warn", "info", "debug", "trace"] as const;

let verbosity = LEVELS.indexOf("info");
let widestTarget = 0;

/** Sets from which level on lines are written, for the whole program (one setting for each worker). Default `info`. */
export function setLogLevel(level: Level | "off"): void {
  verbosity = LEVELS.indexOf(level);
}

/** The level that `text` names, in any case, or undefined. */
export function parseLogLevel(text: string): Level | "off" | undefined {
  return LEVELS.find((level) => level === text.trim().toLowerCase());
}

/** A logger for one part of the program; `target` is its name in the lines, as in `nym_gateway::node`. */
export function logger(target: string): Logger {
  const writer = (level: Level) => {
    const severity = LEVELS.indexOf(level);
    return (text: string) => {
      if (severity <= verbosity) console.error(formatLine(new Date(), level, target, text));
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

/** One line, without its end. Targets are padded to the widest one seen so far, so that the texts line up. */
function formatLine(time: Date, level: Level, target: string, text: string): string {
  widestTarget = Math.max(widestTarget, target.length);
  const timestamp = time.toISOString().slice(0, -1);
  return ` ${timestamp} ${level.toUpperCase().padEnd(5)} ${target.padEnd(widestTarget)} > ${onOneLine(text)}`;
}

/** Control characters are escaped, so that nothing quoted in a text can forge a line or drive a terminal. */
function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
