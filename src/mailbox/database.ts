import { dirname, join } from "node:path";

/**
 * Opens or makes a database file for this user alone (0600; SQLite gives the files beside it the same mode), with the
 * folders above it that are missing (0700).
 */
export async function openDatabase(path: string): Promise<Deno.Kv> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close();
  return await Deno.openKv(path);
}

/**
 * Makes a folder for this user alone (0700), or takes one that is there away from the others, and locks it: two gateways
 * on the same inboxes would give the same sequence numbers to different messages. Disposing what is returned unlocks it.
 * @throws {Error} when another process has it locked
 */
export async function lockPrivateFolder(path: string): Promise<Disposable> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  if (Deno.build.os !== "windows") await Deno.chmod(path, 0o700);
  const lock = await Deno.open(join(path, "lock"), { create: true, write: true, mode: 0o600 });
  if (await lock.tryLock(true)) return lock;
  lock.close();
  throw new Error("another gateway that runs is using it");
}
