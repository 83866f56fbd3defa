import { dirname, isAbsolute, join } from "node:path";
import { type AnyConfig, type Config, tableOf, valueOf } from "../../config/config.ts";
import { exists } from "../../config/files.ts";
import { pathOrNone } from "../../config/kinds.ts";
import { pathsOf } from "../../config/relocation.ts";
import { readStorageKey, storageKeyElsewhere } from "../../config/storage_key_file.ts";
import { remedyFor } from "../../errors/opened.ts";
import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import { openPrivateFile } from "../../files/private.ts";
import { openRegularFile, refuseIrregular } from "../../files/regular.ts";
import { isSealedBy, tryDatabase } from "../../mailbox/database.ts";
import { sealedFiles } from "../../mailbox/database_files.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import { moveFile, moveInTheWay } from "../../mailbox/unfinished_move.ts";
import { sealedIn } from "../sealed.ts";
import { closedToOwner } from "./closed_to_owner.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { nearestThere } from "./nearest_there.ts";

/**
 * Checks that this user can access a folder that a running node keeps locked, and whether there is one. `subject` is what
 * the folder holds, `key` names it in the configuration, and `kind` is the kind of node.
 */
export async function checkFolder(
  subject: string,
  folder: string,
  key: string,
  kind: string,
): Promise<{ isRunning: boolean; finding: Finding }> {
  try {
    const lock = join(folder, "lock");
    const isRunning = exists(lock) && await isLocked(lock);
    const found = isRunning ? `, in use by this ${kind}` : exists(folder) ? "" : ", which the first start creates";
    return { isRunning, finding: ok(subject, `${folder}${found}`) };
  } catch (error) {
    const { message, exitCode } = error instanceof OperatorError
      ? error
      : fileError(`Cannot use ${folder}`, error, ExitCode.INPUT_OUTPUT);
    const remedy = `correct ${key}, or check as the user that runs the ${kind}`;
    return { isRunning: false, finding: fail(subject, message, remedy, exitCode) };
  }
}

/** A folder, and the key that names it. */
export interface Place {
  /** as in `ledger_path in [clients_endpoint]` */
  readonly key: string;
  /** its path */
  readonly folder: string;
}

/** Checks that files can be written in all these places, with a temporary file, and by the owner of `ours`, too. */
export function* checkWritable(places: readonly Place[], ours: string): Generator<Finding> {
  let allCan = true;
  for (const { key, folder } of places) {
    const there = nearestThere(folder);
    try {
      const probe = Deno.makeTempFileSync({ dir: there, prefix: ".nym-gateway-check-" });
      Deno.removeSync(probe);
      if (closedToOwner(ours, there, "write") !== undefined) throw new Deno.errors.PermissionDenied();
    } catch (error) {
      allCan = false;
      const { message, exitCode } = fileError(
        `Cannot write in ${there} (${key})`,
        error,
        ExitCode.CANNOT_CREATE,
      );
      const remedy = "mount it writable, give it to the user that runs the program, or check as that user";
      yield fail("storage", message, remedy, exitCode);
    }
  }
  if (allCan) yield ok("storage", "can be written");
}

/** Checks the storage key, without which the stored mail can't be read. */
export async function checkStorageKey(config: Config): Promise<Finding> {
  const { gateway, clientsEndpoint } = config;
  const elsewhere = storageKeyElsewhere();
  const path = elsewhere ?? gateway.storageKeyFile;
  const subject = "storage key";
  const remedy = "restore the file that the mail was sealed with";
  try {
    if (elsewhere === undefined && !exists(path)) {
      const sealed = sealedIn(config);
      return sealed !== undefined
        ? warn(
          subject,
          `${path} is missing, and ${sealed} is sealed with it: without it the gateway does not start`,
          "restore it; if systemd passes it as a credential, only the service can read it",
        )
        : ok(subject, `${path}, which the first start creates`);
    }
    const sealer = new Sealer(readStorageKey(path));
    for (const database of sealedFiles(clientsEndpoint)) {
      const other = await otherThanSealed(database, sealer);
      if (other !== undefined) return fail(subject, other, remedy, ExitCode.INPUT_OUTPUT);
    }
    return ok(subject, path);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return fail(subject, error.message, remedy, error.exitCode);
  }
}

/** Checks a database that no storage key seals: that it can be opened, if it exists. */
export async function* checkDatabaseFile(subject: string, path: string): AsyncGenerator<Finding> {
  const fault = await faultOf(path, async () => void await tryDatabase(path));
  if (fault !== undefined) yield fail(subject, fault, "until then it does not start", ExitCode.INPUT_OUTPUT);
}

/** Why a database can't be opened with that key; undefined if it can, or does not exist. */
async function otherThanSealed(path: string, sealer: Sealer): Promise<string | undefined> {
  const judge = async () => await isSealedBy(path, sealer) ? undefined : `${path} was not sealed with this storage key`;
  return await faultOf(path, judge);
}

/** What `judge` finds wrong with a database, or why it can't be opened; undefined if it is well, or does not exist. */
async function faultOf(path: string, judge: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    refuseIrregular(path);
    return exists(path) && Deno.statSync(path).size > 0 ? await judge() : undefined;
  } catch (error) {
    const { message } = fileError(`Cannot read ${path}`, error, ExitCode.INPUT_OUTPUT);
    const remedy = remedyFor(error);
    return remedy === undefined ? message : `${message}; ${remedy}`;
  }
}

/** Checks that no move of the mail between two stores is unfinished. */
export function* checkMove(inboxesDirectory: string): Generator<Finding> {
  const subject = "storage move";
  try {
    const move = moveInTheWay(inboxesDirectory);
    if (move !== undefined) yield fail(subject, move, "finish it: until then the gateway does not start");
  } catch (error) {
    const file = moveFile(inboxesDirectory);
    const { message, exitCode } = fileError(`Cannot read ${file}`, error, ExitCode.INPUT_OUTPUT);
    yield fail(subject, message, `until ${file} can be read or is gone, the gateway does not start`, exitCode);
  }
}

/** Checks the log file, if one is configured, for the owner of `ours`, too: without it no node starts. */
export function* checkLogFile({ file }: AnyConfig["logging"], ours: string): Generator<Finding> {
  if (file === "") return;
  try {
    if (exists(file)) openPrivateFile(file, { append: true }).close();
    else Deno.readDirSync(dirname(file));
    const place = exists(file) ? file : dirname(file);
    if (closedToOwner(ours, place, "write") !== undefined) throw new Deno.errors.PermissionDenied();
    yield ok("log file", file);
  } catch (error) {
    const { message, exitCode } = error instanceof OperatorError
      ? error
      : fileError(`Cannot write the log file "${file}" (file in [logging])`, error, ExitCode.INPUT_OUTPUT);
    const remedy = "create its folder for the user that runs the program; with systemd, set LogsDirectory=nym-gateway";
    yield fail("log file", message, remedy, exitCode);
  }
}

/** Checks that paths are absolute, so that they do not depend on the folder in which the node is started. */
export function* checkPaths(config: AnyConfig): Generator<Finding> {
  const { keys, program } = tableOf(config);
  const optional = keys.filter(({ kind }) => kind === pathOrNone)
    .map((key) => ({ key: `${key.name} in [${key.section}]`, path: String(valueOf(config, key)) }));
  for (const { key, path } of [...pathsOf(config), ...optional]) {
    if (path === "" || isAbsolute(path)) continue;
    const found = `${key} is "${path}", which depends on the folder that the ${program} is started in`;
    yield warn("paths", found, "write the whole path");
  }
}

async function isLocked(path: string): Promise<boolean> {
  using lock = openRegularFile(path, { write: true });
  return !await lock.tryLock(true);
}
