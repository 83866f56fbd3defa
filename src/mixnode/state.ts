import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import { opened } from "../errors/opened.ts";
import { lockFolder } from "../files/lock.ts";
import { logger } from "../logging/log.ts";
import { ReplayFilter } from "../replay/replay_filter.ts";

const log = logger("nym_gateway::mixnode");

/**
 * Creates the folder for what must survive a restart, for this user alone, and locks it until disposed: two mixnodes on
 * the same home would each let through what the other has seen.
 * @throws {OperatorError} when another mixnode uses it, or that can't be done
 */
export async function openState(folder: string): Promise<Disposable> {
  const lock = (path: string) => lockFolder(path, "another running mixnode is using it", log.warn);
  return await opened("state", folder, lock);
}

/**
 * Opens the folder that remembers which packets were seen, `most` of them for `window` ms.
 * @throws {OperatorError} if it cannot
 */
export async function openReplays(
  folder: string,
  window: number,
  most: number,
  count: Count<MixnetCounterName>,
): Promise<ReplayFilter> {
  return await opened("tags of packets seen", folder, (path) => ReplayFilter.open(path, window, most, count));
}
