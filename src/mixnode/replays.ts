import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import { ExitCode, fileError } from "../errors/operator_error.ts";
import { ReplayFilter } from "../replay/replay_filter.ts";

/**
 * Opens the folder that remembers which packets were seen, `most` of them for `window` ms.
 * @throws {OperatorError} if it cannot
 */
export function openReplays(
  folder: string,
  window: number,
  most: number,
  count: Count<MixnetCounterName>,
): ReplayFilter {
  try {
    return ReplayFilter.open(folder, window, most, count);
  } catch (error) {
    throw fileError(`Cannot open the tags of packets seen "${folder}"`, error, ExitCode.INPUT_OUTPUT);
  }
}
