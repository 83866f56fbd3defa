import { join } from "node:path";
import { makePrivateFolder, openPrivateFile } from "./private.ts";
import { openRegularFile } from "./regular.ts";

/**
 * Creates a folder for this user alone (0700), or revokes others' access to an existing one, and locks it. Disposing the
 * lock unlocks it; so does the end of the process.
 * @param inUse the error's message, as in `another running gateway is using it`
 * @param warn called if the folder is another user's, so that others' access remains
 * @throws {Deno.errors.Busy} when another process has it locked
 */
export async function lockFolder(path: string, inUse: string, warn: (text: string) => void): Promise<Disposable> {
  makePrivateFolder(path);
  await takeAway(path, warn);
  const lock = openPrivateFile(join(path, "lock"), { write: true });
  if (await lock.tryLock(true)) return lock;
  lock.close();
  throw new Deno.errors.Busy(inUse);
}

/** Whether a process has locked this file. False if it is not there, may not be opened, or is on a disk without locks. */
export async function isLocked(path: string): Promise<boolean> {
  try {
    using file = openRegularFile(path, { write: true });
    return await file.tryLock(true).then((taken) => !taken, () => false);
  } catch (error) {
    const { NotFound, NotADirectory, PermissionDenied } = Deno.errors;
    if ([NotFound, NotADirectory, PermissionDenied].some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

/** Revokes everyone's access to a folder but its owner's. Only warns when the folder belongs to another user. */
async function takeAway(folder: string, warn: (text: string) => void): Promise<void> {
  if (Deno.build.os === "windows" || (((await Deno.stat(folder)).mode ?? 0) & 0o077) === 0) return;
  try {
    await Deno.chmod(folder, 0o700);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    warn(`Other users have access to the folder ${folder}, which is another user's: make it 0700 as that user`);
  }
}
