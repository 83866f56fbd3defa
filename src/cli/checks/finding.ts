import { ExitCode } from "../../errors/operator_error.ts";

/** What was found out about one thing that a gateway needs. */
export interface Finding {
  readonly status: "ok" | "warn" | "fail";
  /** the thing, as in "clients port" */
  readonly subject: string;
  readonly found: string;
  /** what to do about it, unless it is fine */
  readonly remedy?: string;
  /** what the program exits with when it fails for this */
  readonly exitCode?: ExitCode;
}

export function ok(subject: string, found: string): Finding {
  return { status: "ok", subject, found };
}

export function warn(subject: string, found: string, remedy: string): Finding {
  return { status: "warn", subject, found, remedy };
}

export function fail(
  subject: string,
  found: string,
  remedy: string,
  exitCode: ExitCode = ExitCode.CONFIGURATION,
): Finding {
  return { status: "fail", subject, found, remedy, exitCode };
}
