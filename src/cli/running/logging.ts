import type { AnyConfig } from "../../config/config.ts";
import {
  type LogFile,
  type LogFormat,
  logger,
  openLogFile as openFile,
  parseLogFilter,
  setLogFile,
  setLogFilter,
  setLogFormat,
} from "../../logging/log.ts";
import { ExitCode, fileError, isOffLimits, OperatorError } from "../../errors/operator_error.ts";

const log = logger("nym_gateway");

/**
 * Applies RUST_LOG, the variable that 0.7.0 read, which overrides the configured level. An invalid value is logged as a
 * warning.
 */
export function readLogVariable(): void {
  const text = Deno.env.get("RUST_LOG");
  if (!text) return;
  const filter = parseLogFilter(text);
  if (filter !== undefined) return setLogFilter(filter);
  log.warn(
    `RUST_LOG is "${text}" and should be off, error, warn, info, debug or trace, ` +
      "or name parts, as in info,nym_gateway::mailbox=debug: logging at level info",
  );
}

/**
 * Opens the configured log file again, since the open one may have been renamed; undefined if none is configured.
 * @throws {OperatorError} if it can't be opened
 */
export function openLogFile({ file }: AnyConfig["logging"]): LogFile | undefined {
  if (file === "") return undefined;
  try {
    return openFile(file);
  } catch (error) {
    const { message, exitCode } = fileError(
      `Cannot write the log file "${file}" (file in [logging])`,
      error,
      ExitCode.INPUT_OUTPUT, // a full disk, which may be freed: systemd retries
    );
    throw new OperatorError(`${message}${remedyFor(error)}`, exitCode);
  }
}

function remedyFor(cause: unknown): string {
  if (isOffLimits(cause)) return ', or set file = "" to log to standard error';
  const isReadOnly = cause instanceof Error && "code" in cause && cause.code === "EROFS";
  return isReadOnly ? "; a service may write below /var/log only in a folder that LogsDirectory in its unit names" : "";
}

/** Applies the configured file, format and level; RUST_LOG, if set, overrides the level. */
export function configureLogging(
  logging: AnyConfig["logging"],
  file: LogFile | undefined,
  environment = Deno.env.get("RUST_LOG"),
): void {
  setLogFile(file);
  setLogFormat(logging.format as LogFormat);
  const filter = parseLogFilter(logging.level);
  if (!environment && filter !== undefined) setLogFilter(filter);
}
