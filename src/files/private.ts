import { closeSync, constants, fchownSync, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** What only the user of the gateway may use. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

const HAS_OWNERS = Deno.build.os !== "windows";

/** Makes a folder and those above it that are missing, for their owner alone (0700) whatever the umask. */
export function makePrivateFolder(path: string): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makePrivateFolder(above);
  Deno.mkdirSync(path, { mode: PRIVATE_FOLDER });
  if (HAS_OWNERS) Deno.chmodSync(path, PRIVATE_FOLDER);
  giveToOwnerOfFolder(path);
}

/**
 * Opens a file; one that it makes is for its owner alone (0600) whatever the umask.
 * @throws what Deno.openSync throws
 */
export function openPrivateFile(
  path: string,
  options: { append?: boolean; write?: boolean; truncate?: boolean; createNew?: boolean },
): Deno.FsFile {
  if (options.createNew !== true) {
    try {
      return Deno.openSync(path, options);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { ...options, createNew: true, mode: PRIVATE_FILE });
  } catch (error) {
    if (options.createNew === true || !(error instanceof Deno.errors.AlreadyExists)) throw error;
    return Deno.openSync(path, options); // another process has been quicker
  }
  try {
    if (HAS_OWNERS) Deno.chmodSync(path, PRIVATE_FILE);
    giveToOwnerOfFolder(path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * What root makes in another user's folder, as with sudo in the service's, belongs to that user, who could not use it
 * otherwise. For anybody else nothing changes.
 */
export function giveToOwnerOfFolder(path: string): void {
  if (!HAS_OWNERS) return;
  const { uid, gid } = Deno.statSync(dirname(path));
  if (uid === null || gid === null || Deno.lstatSync(path).uid === uid) return;
  // By its descriptor: that user may have put a link in its place meanwhile, to a file of somebody else.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const made = fstatSync(descriptor);
    if (made.isDirectory() || made.nlink === 1) fchownSync(descriptor, uid, gid);
  } catch (error) {
    if ((error as { code?: string }).code !== "EPERM") throw error; // not root
  } finally {
    closeSync(descriptor);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
