import type { AnyConfig } from "../../config/config.ts";
import { readTable } from "../../config/files.ts";
import { setLogLevel } from "../../logging/log.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { plural } from "../../text/plural.ts";
import { fail, type Finding, ok } from "./finding.ts";
import { checkPaths } from "./storage.ts";
import { findHome, type FoundHome } from "../homes/home.ts";
import type { Options } from "../options/options.ts";
import type { Role } from "../role.ts";
import { print, printText } from "../output/output.ts";
import { remedyForStray, strayText } from "../homes/relocate.ts";
import { paint } from "../output/paint.ts";

const MARKS = { ok: paint("green", "✓"), warn: paint("yellow", "!"), fail: paint("red", "✗") } as const;

/** What a kind of node needs. */
export interface Checkable<C extends AnyConfig> extends Role<C> {
  /** Checks it, in the order in which to fix it. `path` is that of the configuration file. */
  check(config: C, path: string): AsyncIterable<Finding>;
}

/**
 * Checks everything that a node needs, and prints each finding as soon as it is known, or all of them as JSON.
 * Returns the exit code: 0, or that of the first check that failed.
 * @throws {OperatorError} if there is no such node
 */
export async function check<C extends AnyConfig>(role: Checkable<C>, options: Options): Promise<number> {
  const found = findHome(role, options);
  const findings: Finding[] = [];
  setLogLevel("off"); // the findings say what would be logged
  for await (const finding of findOut(role, found, options)) {
    findings.push(finding);
    if (options.output !== "json") printFinding(finding);
  }
  const failed = findings.filter(({ status }) => status === "fail");
  if (options.output === "json") printText(JSON.stringify({ ready: failed.length === 0, findings }, undefined, 2));
  else printText(`\n${verdict(findings)}`);
  return failed[0]?.exitCode ?? 0;
}

async function* findOut<C extends AnyConfig>(
  role: Checkable<C>,
  found: FoundHome,
  options: Options,
): AsyncGenerator<Finding> {
  const path = found.configPath;
  let config: C;
  try {
    config = readTable(role.table, path);
    yield ok("configuration", path);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    yield fail("configuration", error.message, "fix the file, and check again", error.exitCode);
    return;
  }
  const stray = strayText(found, config, options);
  if (stray !== undefined) yield fail("home", stray, remedyForStray(role, found), ExitCode.CONFIGURATION);
  yield* checkPaths(config);
  yield* role.check(config, path);
}

function printFinding({ status, subject, found, remedy }: Finding): void {
  print(` ${MARKS[status]} ${subject.padEnd(18)} ${found}`);
  if (remedy !== undefined) print(`   ${"".padEnd(18)} ${paint("dim", `→ ${remedy}`)}`);
}

function verdict(findings: readonly Finding[]): string {
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  const [failures, warnings] = [count("fail"), count("warn")];
  if (failures > 0) return paint("red", ` Not ready: ${failures} of ${findings.length} checks failed.`);
  if (warnings > 0) return paint("yellow", ` Ready, with ${plural(warnings, "warning")}.`);
  return paint("green", ` Ready: all ${findings.length} checks passed.`);
}
