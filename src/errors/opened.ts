import { ExitCode, fileError, OperatorError } from "./operator_error.ts";

/**
 * Opens what is at `path`. `what`: its name in the error, as in `mailbox`.
 * @throws {OperatorError} that says what could not be opened and why, and what to do about it
 */
export async function opened<T>(what: string, path: string, open: (path: string) => T | Promise<T>): Promise<T> {
  try {
    return await open(path);
  } catch (error) {
    const { message, exitCode } = fileError(`Cannot open the ${what} "${path}"`, error, ExitCode.INPUT_OUTPUT);
    const remedy = remedyFor(error);
    throw new OperatorError(remedy === undefined ? message : `${message}; ${remedy}`, exitCode);
  }
}

/** What to do about a database that cannot be opened, from SQLite's message; undefined when that gives no hint. */
export function remedyFor(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : "";
  if (/file is not a database|malformed/.test(text)) {
    return "it is damaged: put back a copy of it, or move it away, with the files beside it that begin with its name, " +
      "to start with an empty one";
  }
  if (/disk I\/O error|disk is full|read-?only/i.test(text)) {
    return "check whether the disk is full, read-only or failing, and whether this user may write to the folder";
  }
  return undefined;
}
