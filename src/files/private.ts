import { closeSync, constants, fchmodSync, fchownSync, fstatSync, lstatSync, openSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { openRegularFile, refuseHardLinks } from "./regular.ts";

/** Modes of what only the program's user may access. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

const HAS_OWNERS = Deno.build.os !== "windows";

/**
 * Creates a folder and any missing ones above it, for their owner alone (0700) whatever the umask.
 * @throws what Deno.mkdirSync throws
 */
export function makePrivateFolder(path: string): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makePrivateFolder(above);
  newPrivateFolder(path);
}

/**
 * Creates a folder for its owner alone (0700) whatever the umask.
 * @throws what Deno.mkdirSync throws, also if anything has that name
 */
export function newPrivateFolder(path: string): void {
  Deno.mkdirSync(path, { mode: PRIVATE_FOLDER });
  if (HAS_OWNERS) Deno.chmodSync(path, PRIVATE_FOLDER);
  giveToOwnerOfFolder(path);
}

/**
 * Opens a file; if it creates the file, that is for its owner alone (0600) whatever the umask. A file with hard links is
 * not appended to.
 * @throws what openRegularFile throws
 */
export function openPrivateFile(
  path: string,
  options: { append?: boolean; write?: boolean; createNew?: boolean },
): Deno.FsFile {
  if (options.append === true) refuseHardLinks(path);
  if (options.createNew !== true) {
    try {
      return openRegularFile(path, options);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { ...options, createNew: true, mode: PRIVATE_FILE });
  } catch (error) {
    if (options.createNew === true || !(error instanceof Deno.errors.AlreadyExists)) throw error;
    return openRegularFile(path, options); // another process was quicker
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
 * Creates an empty file for its owner alone, in place of what has that name. If that is a link, or a pipe, nothing is
 * written to where it leads.
 * @throws what Deno.openSync and Deno.removeSync throw
 */
export function replacePrivateFile(path: string): Deno.FsFile {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return openPrivateFile(path, { write: true, createNew: true });
}

/**
 * Replaces the contents of a file, which has either its old or its new ones at any time, and the new ones afterwards, also
 * if the power fails. It is for its owner alone, unless it gets owner, group and mode of `like`.
 * @throws what the file system throws
 */
export function replaceContents(path: string, text: string, like?: Deno.FileInfo): void {
  const replacement = `${path}.new`;
  {
    using file = replacePrivateFile(replacement);
    writeAll(file, new TextEncoder().encode(text));
    file.syncSync();
  }
  if (HAS_OWNERS && like !== undefined) beLike(replacement, like);
  Deno.renameSync(replacement, path);
  syncFolder(dirname(path));
}

/** Syncs a folder, so that the names in it are on the disk. Does nothing on Windows, which cannot do that. */
export function syncFolder(path: string): void {
  if (Deno.build.os === "windows") return;
  using folder = Deno.openSync(path);
  folder.syncSync();
}

/** Writes all bytes, in as many pieces as the system takes. Throws what Deno.FsFile.writeSync throws. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}

/**
 * Gives what root created in another user's folder, for example with sudo in the service's, to that user, who could not
 * use it otherwise. For any other user it does nothing.
 */
export function giveToOwnerOfFolder(path: string): void {
  if (!HAS_OWNERS) return;
  const { uid, gid } = Deno.statSync(dirname(path));
  if (uid === null || gid === null || Deno.lstatSync(path).uid === uid) return;
  onDescriptor(path, (descriptor) => fchownIfAllowed(descriptor, uid, gid));
}

/** Gives a file the owner, the group and the mode of another, as far as this user may. */
function beLike(path: string, { uid, gid, mode }: Deno.FileInfo): void {
  onDescriptor(path, (descriptor, made) => {
    if (made.uid !== uid || made.gid !== gid) fchownIfAllowed(descriptor, uid!, gid!);
    fchmodSync(descriptor, mode! & 0o777);
  });
}

/**
 * Calls `act` with a descriptor of what has this name. Not by its path: the user whose folder it is in may have replaced it
 * with a pipe, or a link to somebody else's file, in the meantime. Then `act` is not called.
 */
function onDescriptor(path: string, act: (descriptor: number, made: Stats) => void): void {
  // O_NOFOLLOW would not do: with limited permissions, the runtime resolves links before it opens a path.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const made = fstatSync(descriptor);
    const named = lstatSync(path);
    if (named.ino !== made.ino || named.dev !== made.dev) return;
    if (made.isDirectory() || made.nlink === 1) act(descriptor, made);
  } finally {
    closeSync(descriptor);
  }
}

function fchownIfAllowed(descriptor: number, uid: number, gid: number): void {
  try {
    fchownSync(descriptor, uid, gid);
  } catch (error) {
    if ((error as { code?: string }).code !== "EPERM") throw error; // not root
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
