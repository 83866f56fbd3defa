import { onOneLine } from "../text/one_line.ts";

/** Exit codes as in BSD's sysexits.h. */
export const ExitCode = {
  USAGE: 64,
  BAD_DATA: 65,
  MISSING_INPUT: 66,
  UNAVAILABLE: 69,
  SOFTWARE: 70,
  CANNOT_CREATE: 73,
  INPUT_OUTPUT: 74,
  NO_PERMISSION: 77,
  CONFIGURATION: 78,
} as const;

/** One of the codes in the table {@linkcode ExitCode}. */
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** Something that the operator can fix. Its message, on one line, says what was attempted and what would be right. */
export class OperatorError extends Error {
  /** What it is called in stack traces. */
  override readonly name: string = "OperatorError";

  /**
   * An error with a message for the operator.
   * @param message control characters in it are escaped
   * @param exitCode what the program exits with because of it
   */
  constructor(message: string, readonly exitCode: ExitCode) {
    super(onOneLine(message)); // it may quote what the operator wrote
  }
}

/**
 * The error to report to the operator for a failed file operation. `attempt` opens the message, as in `Cannot write
 * /x/y`; `otherwise` is the exit code if the cause is neither a missing file nor a missing permission.
 */
export function fileError(attempt: string, cause: unknown, otherwise: ExitCode): OperatorError {
  if (cause instanceof Deno.errors.NotFound) {
    return new OperatorError(`${attempt}: there is no such file or folder`, ExitCode.MISSING_INPUT);
  }
  if (isOffLimits(cause)) {
    const reason = "the runtime keeps programs from using anything in /dev, /proc and /sys; choose another place";
    return new OperatorError(`${attempt}: ${reason}`, ExitCode.NO_PERMISSION);
  }
  if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) {
    return new OperatorError(`${attempt}: permission denied`, ExitCode.NO_PERMISSION);
  }
  return new OperatorError(`${attempt}: ${reasonOf(cause)}`, otherwise);
}

/**
 * Whether the runtime refuses this path to programs without full permissions, as it does for everything in /dev, /proc
 * and /sys, including /dev/stdout and /dev/shm.
 */
export function isOffLimits(cause: unknown): boolean {
  return cause instanceof Deno.errors.NotCapable && cause.message.startsWith("Requires all access");
}

/** An error's message without what the runtime adds: the system's error number, and the call with its path. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/ \(os error \d+\)(: \w+ '.*')?$/s, "");
}
