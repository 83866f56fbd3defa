import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { askToReload } from "./control.ts";
import { findGateway } from "./home.ts";
import type { Options } from "./options.ts";
import { print } from "./output.ts";
import { readRunning } from "./running.ts";

/** How a reload is reported, to whoever asked for it and in the log. */
export function describeReload(taken: readonly string[], left: readonly string[]): { now?: string; later?: string } {
  return {
    ...(taken.length > 0
      ? { now: `Changed: ${taken.join(", ")}` }
      : left.length === 0 && { now: "Nothing has changed" }),
    ...(left.length > 0 && { later: `In force only after a restart: ${left.join(", ")}` }),
  };
}

/**
 * Has a gateway that runs read its configuration file again, and prints the outcome.
 * @throws {OperatorError} with the gateway's reason when it refuses the file, and when it does not run
 */
export async function reload(options: Options): Promise<void> {
  const { configPath } = findGateway(options);
  const running = readRunning(configPath);
  if (running === undefined) {
    throw new OperatorError(`The gateway with ${configPath} does not run`, ExitCode.UNAVAILABLE);
  }
  if (running.control === "") {
    throw new OperatorError(
      `Gateway ${running.id} does not listen for commands, its log says why; SIGHUP has its configuration read again`,
      ExitCode.UNAVAILABLE,
    );
  }
  const answer = await askToReload(running.control);
  if ("refused" in answer) throw new OperatorError(answer.refused, answer.exitCode);
  const { now, later } = describeReload(answer.taken, answer.left);
  for (const line of [now, later]) if (line !== undefined) print(` ${line}.`);
}
