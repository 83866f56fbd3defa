import { join } from "node:path";
import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import { opened } from "../errors/opened.ts";
import { ReplayFilter } from "../replay/replay_filter.ts";

/**
 * Opens what remembers which packets were seen, `replayPackets` of them for `replayWindow` ms, in a folder of `directory`.
 * @throws {OperatorError} if it cannot
 */
export async function openReplays(
  directory: string,
  { replayWindow, replayPackets }: { readonly replayWindow: number; readonly replayPackets: number },
  count: Count<MixnetCounterName>,
): Promise<ReplayFilter> {
  const open = (path: string) => ReplayFilter.open(path, replayWindow, replayPackets, count);
  return await opened("tags of packets seen", join(directory, "replay"), open);
}
