import type { Config } from "../config/config.ts";
import {
  type LogFile,
  type LogFormat,
  logger,
  openLogFile as openFile,
  parseLogFilter,
  setLogFile,
  setLogFilter,
  setLogFormat,
} from "../logging/log.ts";
import { ExitCode, fileError, isOffLimits, OperatorError } from "../errors/operator_error.ts";

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

/**
 * Opens the configured log file anew, as the one before may have been renamed; undefined when there is to be none.
 * @throws {OperatorError} when that can't be done
 */
export function openLogFile({ file }: Config["logging"]): LogFile | undefined {
  if (file === "") return undefined;
  try {
    return openFile(file);
  } catch (error) {
    const { message, exitCode } = fileError(
      `Cannot write the log file "${file}" (file in [logging])`,
      error,
      ExitCode.CANNOT_CREATE,
    );
    const remedy = isOffLimits(error) ? ', or file = "": the log goes to standard error then' : "";
    throw new OperatorError(`${message}${remedy}`, exitCode);
  }
}

/** Logs as configured, unless the environment says otherwise. */
export function configureLogging(
  logging: Config["logging"],
  file: LogFile | undefined,
  environment = Deno.env.get("RUST_LOG"),
): void {
  setLogFile(file);
  setLogFormat(logging.format as LogFormat);
  const filter = parseLogFilter(logging.level);
  if (!environment && filter !== undefined) setLogFilter(filter);
}
