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

/** Whether this user can use what is stored, and whether a gateway does: it keeps a file in the inboxes' folder locked. */
export async function checkInboxes(folder: string): Promise<{ isRunning: boolean; finding: Finding }> {
  try {
    const lock = join(folder, "lock");
    const isRunning = exists(lock) && await isLocked(lock);
    const found = isRunning ? ", in use by this gateway" : exists(folder) ? "" : ", which the first start makes";
    return { isRunning, finding: ok("inboxes", `${folder}${found}`) };
  } catch (error) {
    const { message, exitCode } = error instanceof OperatorError
      ? error
      : fileError(`Cannot use ${folder}`, error, ExitCode.INPUT_OUTPUT);
    const remedy = "correct inboxes_directory in [clients_endpoint], or check as the user that runs the gateway";
    return { isRunning: false, finding: fail("inboxes", message, remedy, exitCode) };
  }
}

/** Whether files can be written where they have to be; it is tried with one that is taken away again. */
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
      const remedy = "mount it for writing, or give it to the user that runs the gateway; or check as that user";
      yield fail("storage", message, remedy, exitCode);
    }
  }
  if (allCan) yield ok("storage", "can be written");
}

/** The key that seals the mail, without which what is stored can't be read. */
export async function checkStorageKey({ gateway, clientsEndpoint }: Config): Promise<Finding> {
  const elsewhere = storageKeyElsewhere();
  const path = elsewhere ?? gateway.storageKeyFile;
  const subject = "storage key";
  const remedy = "put back the file that the mail was stored with";
  try {
    if (elsewhere === undefined && !exists(path)) {
      return exists(join(clientsEndpoint.inboxesDirectory, "mailbox.kv"))
        ? warn(
          subject,
          `${path} is not there, and mail was stored with it`,
          "put it back; if systemd hands it over as a credential, only the service has it",
        )
        : ok(subject, `${path}, which the first start makes`);
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

/** What is in the way of opening a database with that key, if anything. */
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

/** Where lines of the log go, if to a file: without it the gateway does not start. */
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
    const remedy = "make its folder for the user that runs the gateway; with systemd, by LogsDirectory=nym-gateway";
    yield fail("log file", message, remedy, exitCode);
  }
}

/** Where files are must not hang on where the gateway is started. */
export function* checkPaths(config: Config): Generator<Finding> {
  const { clientsEndpoint, logging } = config;
  const others = [
    { key: "tls_certificate in [clients_endpoint]", path: clientsEndpoint.tlsCertificate },
    { key: "tls_key in [clients_endpoint]", path: clientsEndpoint.tlsKey },
    { key: "file in [logging]", path: logging.file },
  ];
  for (const { key, path } of [...pathsOf(config), ...others]) {
    if (path === "" || isAbsolute(path)) continue;
    const found = `${key} is "${path}", which is somewhere else for each folder that the gateway is started in`;
    yield warn("paths", found, "write the whole path");
  }
}

async function isLocked(path: string): Promise<boolean> {
  using lock = await Deno.open(path, { write: true });
  return !await lock.tryLock(true);
}
