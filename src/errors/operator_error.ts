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

export type ExitCode = typeof ExitCode[keyof typeof ExitCode];

/** Something the operator can put right. The message is one line that says what was attempted and what would be right. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";

  constructor(message: string, readonly exitCode: ExitCode) {
    super(onOneLine(message)); // it may quote what the operator has written
  }
}

/**
 * What to tell the operator about a failed file operation. `attempt` opens the message, as in `Cannot write /x/y`;
 * `otherwise` is the exit code when the cause is neither a missing file nor a missing permission.
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
 * Whether the runtime refuses a path to programs that don't have all of its permissions, as it does in /dev, /proc and
 * /sys, /dev/stdout and /dev/shm among them.
 */
export function isOffLimits(cause: unknown): boolean {
  return cause instanceof Deno.errors.NotCapable && cause.message.startsWith("Requires all access");
}

/** What an error says, without the system's number and the call with its path, which the runtime adds. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/ \(os error \d+\)(: \w+ '.*')?$/s, "");
}
