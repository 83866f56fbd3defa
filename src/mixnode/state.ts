import { opened } from "../errors/opened.ts";
import { lockFolder } from "../files/lock.ts";
import { logger } from "../logging/log.ts";

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
