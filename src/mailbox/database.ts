import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { lockFolder } from "../files/lock.ts";
import { makePrivateFolder, openPrivateFile } from "../files/private.ts";
import { refuseHardLinks, refuseIrregular } from "../files/regular.ts";
import { logger } from "../logging/log.ts";
import { valueOf } from "./entries.ts";
import type { Sealer } from "./sealing.ts";

/**
 * The page size of a new database file, in bytes. With SQLite's default pages of 4096 bytes, a value of more than 1002
 * bytes takes an extra page, so a full-size message stored alone takes 4.7 KB. With these it takes 1.4 KB.
 */
const PAGE_SIZE = 8192;

const log = logger("nym_gateway::mailbox");

/** The keys of the check of the storage key. It is stored twice, so that one may be damaged. */
const CHECKS = [["storage_key", 0], ["storage_key", 1]];
const CHECK_CONTEXT = new TextEncoder().encode("storage key");

/**
 * Opens or creates a database file for this user alone (0600; SQLite gives the files beside it the same mode), and its
 * missing parent folders (0700). All its values are sealed by `sealer`.
 * @throws {Error} when the file was sealed with another storage key
 */
export async function openDatabase(path: string, sealer: Sealer): Promise<Deno.Kv> {
  const kv = await openPrivateDatabase(path);
  try {
    await checkStorageKey(kv, sealer);
  } catch (error) {
    kv.close();
    throw error;
  }
  return kv;
}

/** Like {@linkcode openDatabase}, but does not check the storage key. Throws what the file system or SQLite throws. */
export async function openPrivateDatabase(path: string): Promise<Deno.Kv> {
  makePrivateFolder(dirname(path));
  refuseUnfit(path);
  const file = openPrivateFile(path, { write: true });
  const { size } = await file.stat();
  file.close();
  if (size === 0) {
    using database = new DatabaseSync(path);
    database.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL`); // which writes the first page
  }
  return await Deno.openKv(path);
}

/** Whether a database is sealed by `sealer`, or empty. Changes nothing. */
export async function isSealedBy(path: string, sealer: Sealer): Promise<boolean> {
  refuseUnfit(path);
  using kv = await Deno.openKv(path);
  return (await rightChecks(kv, sealer)).includes(true) || await isEmpty(kv);
}

/** Opens a database that exists, and reads it. Changes nothing. Throws what the file system or SQLite throws. */
export async function tryDatabase(path: string): Promise<void> {
  refuseUnfit(path);
  using kv = await Deno.openKv(path);
  await isEmpty(kv);
}

/**
 * Refuses what SQLite would wait for, in place of a database or of a file beside it. It also refuses hard links: SQLite
 * writes in place, and with two names for a database it keeps two journals, which damages it (sqlite.org/howtocorrupt).
 */
function refuseUnfit(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`]) {
    refuseIrregular(file);
    refuseHardLinks(file);
  }
}

/** Refuses another storage key: with it, everything stored would seem damaged and be skipped. */
async function checkStorageKey(kv: Deno.Kv, sealer: Sealer): Promise<void> {
  const right = await rightChecks(kv, sealer);
  if (right.every(Boolean)) return;
  if (!right.includes(true) && !await isEmpty(kv)) {
    throw new Error("it was not sealed with this storage key; put back the storage key file that it was created with");
  }
  const atomic = kv.atomic();
  for (const key of CHECKS) atomic.set(key, sealer.seal(new Uint8Array(0), CHECK_CONTEXT));
  await atomic.commit();
}

async function rightChecks(kv: Deno.Kv, sealer: Sealer): Promise<boolean[]> {
  const checks = await Promise.all(CHECKS.map((key) => valueOf(kv, key)));
  return checks.map((value) => value ? sealer.open(value, CHECK_CONTEXT) !== undefined : false);
}

async function isEmpty(kv: Deno.Kv): Promise<boolean> {
  for await (const _ of kv.list({ prefix: [] }, { limit: 1 })) return false;
  return true;
}

/**
 * Locks the gateway's folder with {@linkcode lockFolder}: two gateways on the same inboxes would give the same sequence
 * numbers to different messages.
 */
export async function lockPrivateFolder(path: string): Promise<Disposable> {
  return await lockFolder(path, "another running gateway is using it", log.warn);
}
