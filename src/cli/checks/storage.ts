import { dirname, isAbsolute, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { exists } from "../../config/files.ts";
import { pathsOf } from "../../config/relocation.ts";
import { readStorageKey, storageKeyElsewhere } from "../../config/storage_key_file.ts";
import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import { isSealedBy, remedyFor } from "../../mailbox/database.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { nearestThere } from "./nearest_there.ts";

/**
 * Checks that this user can access the inboxes, and whether a gateway is running: it keeps a file in that folder
 * locked.
 */
export async function checkInboxes(folder: string): Promise<{ isRunning: boolean; finding: Finding }> {
  try {
    const lock = join(folder, "lock");
    const isRunning = exists(lock) && await isLocked(lock);
    const found = isRunning ? ", in use by this gateway" : exists(folder) ? "" : ", which the first start creates";
    return { isRunning, finding: ok("inboxes", `${folder}${found}`) };
  } catch (error) {
    const { message, exitCode } = error instanceof OperatorError
      ? error
      : fileError(`Cannot use ${folder}`, error, ExitCode.INPUT_OUTPUT);
    const remedy = "correct inboxes_directory in [clients_endpoint], or check as the user that runs the gateway";
    return { isRunning: false, finding: fail("inboxes", message, remedy, exitCode) };
  }
}

/** Checks that files can be written where the gateway needs it, with a temporary file. */
export function* checkWritable({ clientsEndpoint }: Config): Generator<Finding> {
  const places = [
    { of: "inboxes_directory", folder: clientsEndpoint.inboxesDirectory },
    { of: "ledger_path", folder: dirname(clientsEndpoint.ledgerPath) },
  ];
  let allCan = true;
  for (const { of, folder } of places) {
    const there = nearestThere(folder);
    try {
      const probe = Deno.makeTempFileSync({ dir: there, prefix: ".nym-gateway-check-" });
      Deno.removeSync(probe);
    } catch (error) {
      allCan = false;
      const { message, exitCode } = fileError(
        `Cannot write in ${there} (${of} in [clients_endpoint])`,
        error,
        ExitCode.CANNOT_CREATE,
      );
      const remedy = "mount it writable, give it to the user that runs the gateway, or check as that user";
      yield fail("storage", message, remedy, exitCode);
    }
  }
  if (allCan) yield ok("storage", "can be written");
}

/** Checks the storage key, without which the stored mail can't be read. */
export async function checkStorageKey({ gateway, clientsEndpoint }: Config): Promise<Finding> {
  const elsewhere = storageKeyElsewhere();
  const path = elsewhere ?? gateway.storageKeyFile;
  const subject = "storage key";
  const remedy = "restore the file that the mail was sealed with";
  try {
    if (elsewhere === undefined && !exists(path)) {
      return exists(join(clientsEndpoint.inboxesDirectory, "mailbox.kv"))
        ? warn(
          subject,
          `${path} is missing, but mail was sealed with it`,
          "restore it; if systemd passes it as a credential, only the service can read it",
        )
        : ok(subject, `${path}, which the first start creates`);
    }
    const sealer = new Sealer(readStorageKey(path));
    const { inboxesDirectory, ledgerPath } = clientsEndpoint;
    const databases = [join(inboxesDirectory, "mailbox.kv"), ledgerPath.replace(/\.sled$/, ".kv")];
    for (const database of databases) {
      const other = await otherThanSealed(database, sealer);
      if (other !== undefined) return fail(subject, other, remedy, ExitCode.INPUT_OUTPUT);
    }
    return ok(subject, path);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return fail(subject, error.message, remedy, error.exitCode);
  }
}

/** Why a database can't be opened with that key; undefined if it can, or does not exist. */
async function otherThanSealed(path: string, sealer: Sealer): Promise<string | undefined> {
  try {
    if (!exists(path) || Deno.statSync(path).size === 0 || await isSealedBy(path, sealer)) return undefined;
    return `${path} was not sealed with this storage key`;
  } catch (error) {
    const { message } = fileError(`Cannot read ${path}`, error, ExitCode.INPUT_OUTPUT);
    const remedy = remedyFor(error);
    return remedy === undefined ? message : `${message}; ${remedy}`;
  }
}

/** Checks the log file, if one is configured: without it the gateway does not start. */
export function* checkLogFile({ file }: Config["logging"]): Generator<Finding> {
  if (file === "") return;
  try {
    if (exists(file)) Deno.openSync(file, { append: true }).close();
    else Deno.readDirSync(dirname(file));
    yield ok("log file", file);
  } catch (error) {
    const { message, exitCode } = error instanceof OperatorError
      ? error
      : fileError(`Cannot write the log file "${file}" (file in [logging])`, error, ExitCode.CANNOT_CREATE);
    const remedy = "create its folder for the user that runs the gateway; with systemd, set LogsDirectory=nym-gateway";
    yield fail("log file", message, remedy, exitCode);
  }
}

/** Checks that paths are absolute, so that they do not depend on the folder in which the gateway is started. */
export function* checkPaths(config: Config): Generator<Finding> {
  const { clientsEndpoint, logging } = config;
  const others = [
    { key: "tls_certificate in [clients_endpoint]", path: clientsEndpoint.tlsCertificate },
    { key: "tls_key in [clients_endpoint]", path: clientsEndpoint.tlsKey },
    { key: "file in [logging]", path: logging.file },
  ];
  for (const { key, path } of [...pathsOf(config), ...others]) {
    if (path === "" || isAbsolute(path)) continue;
    const found = `${key} is "${path}", which depends on the folder that the gateway is started in`;
    yield warn("paths", found, "write the whole path");
  }
}

async function isLocked(path: string): Promise<boolean> {
  using lock = await Deno.open(path, { write: true });
  return !await lock.tryLock(true);
}
