import type { AnyConfig } from "../../config/config.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { askToReload } from "./control.ts";
import { findHome } from "../homes/home.ts";
import type { Options } from "../options/options.ts";
import type { Role } from "../role.ts";
import { print } from "../output/output.ts";
import { readRunning } from "./running.ts";

/**
 * A reload in words, for the command and for the log: the keys that were `taken` over, and those `left` for a restart.
 */
export function describeReload(taken: readonly string[], left: readonly string[]): { now?: string; later?: string } {
  return {
    ...(taken.length > 0
      ? { now: `Changed: ${taken.join(", ")}` }
      : left.length === 0 && { now: "Nothing has changed" }),
    ...(left.length > 0 && { later: `In force only after a restart: ${left.join(", ")}` }),
  };
}

/**
 * Makes a running node read its configuration file again, and prints the outcome.
 * @throws {OperatorError} if it is not running, or refuses the file; then with its reason
 */
export async function reload<C extends AnyConfig>(role: Role<C>, options: Options): Promise<void> {
  const { program: kind } = role.table;
  const { configPath } = findHome(role, options);
  const running = readRunning(configPath);
  if (running === undefined) {
    throw new OperatorError(`The ${kind} with ${configPath} is not running`, ExitCode.UNAVAILABLE);
  }
  if (running.control === "") {
    throw new OperatorError(
      `${kind[0]!.toUpperCase()}${
        kind.slice(1)
      } ${running.id} does not listen for commands, and its log says why; send it SIGHUP instead`,
      ExitCode.UNAVAILABLE,
    );
  }
  const answer = await askToReload(running.control, kind);
  if ("refused" in answer) throw new OperatorError(answer.refused, answer.exitCode);
  const { now, later } = describeReload(answer.taken, answer.left);
  for (const line of [now, later]) if (line !== undefined) print(` ${line}.`);
}
