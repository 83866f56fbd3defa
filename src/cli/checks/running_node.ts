import { type AnyConfig, homeOf } from "../../config/config.ts";
import { readRunning } from "../running/running.ts";
import { parseStatus, statusTextAt } from "../running/status_answer.ts";

/** The descriptor limit of the running node, from its status page; undefined if it does not answer. */
export async function descriptorLimitOf(config: AnyConfig, path: string): Promise<number | undefined> {
  const address = readRunning(path)?.operator ?? config.operator.listeningAddress;
  const answer = address === "" ? undefined : await statusTextAt(address);
  const status = answer === undefined ? undefined : parseStatus(answer);
  return status?.name === homeOf(config).id ? status.gauges["descriptorsLimit"] : undefined;
}
