import type { Config } from "../config/config.ts";
import { type LogFormat, logger, parseLogFilter, setLogFilter, setLogFormat } from "../log.ts";

const log = logger("nym_gateway");

/**
 * RUST_LOG, the variable that 0.7.0 read, says what is logged and overrules the configuration. One that can't be read
 * is a warning.
 */
export function readLogVariable(): void {
  const text = Deno.env.get("RUST_LOG");
  if (!text) return;
  const filter = parseLogFilter(text);
  if (filter !== undefined) return setLogFilter(filter);
  log.warn(
    `RUST_LOG is "${text}" and should be off, error, warn, info, debug or trace, ` +
      "or name parts as in info,nym_gateway::mailbox=debug: logging from info on",
  );
}

/** Logs as configured, unless the environment says otherwise. */
export function configureLogging(logging: Config["logging"], environment = Deno.env.get("RUST_LOG")): void {
  setLogFormat(logging.format as LogFormat);
  const filter = parseLogFilter(logging.level);
  if (!environment && filter !== undefined) setLogFilter(filter);
}
