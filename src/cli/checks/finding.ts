import { ExitCode } from "../../errors/operator_error.ts";

/** The result of one check. */
export interface Finding {
  /** `warn`: the gateway works, but perhaps not as intended; `fail`: it does not start or does not work */
  readonly status: "ok" | "warn" | "fail";
  /** what was checked, as in "clients port" */
  readonly subject: string;
  /** what was found, in words */
  readonly found: string;
  /** what to do about it, unless the status is `ok` */
  readonly remedy?: string;
  /** what the program exits with if this is the first failure */
  readonly exitCode?: ExitCode;
}

/** A check that passed. */
export function ok(subject: string, found: string): Finding {
  return { status: "ok", subject, found };
}

/** A check that passed, with something that may not be intended. */
export function warn(subject: string, found: string, remedy: string): Finding {
  return { status: "warn", subject, found, remedy };
}

/** A check that failed; by default, because of the configuration (exit code 78). */
export function fail(
  subject: string,
  found: string,
  remedy: string,
  exitCode: ExitCode = ExitCode.CONFIGURATION,
): Finding {
  return { status: "fail", subject, found, remedy, exitCode };
}
