import { isAbsolute, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { exists } from "../../config/files.ts";
import { pathsOf } from "../../config/relocation.ts";
import { readStorageKey, storageKeyElsewhere } from "../../config/storage_key_file.ts";
import { ExitCode, fileError, OperatorError } from "../../operator_error.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

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

/** The key that seals the mail, without which what is stored can't be read. */
export function checkStorageKey({ gateway, clientsEndpoint }: Config): Finding {
  const elsewhere = storageKeyElsewhere();
  const path = elsewhere ?? gateway.storageKeyFile;
  const subject = "storage key";
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
    readStorageKey(path);
    return ok(subject, path);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return fail(subject, error.message, "put back the file that the mail was stored with", error.exitCode);
  }
}

/** Where files are must not hang on where the gateway is started. */
export function* checkPaths(config: Config): Generator<Finding> {
  for (const { key, path } of pathsOf(config)) {
    if (isAbsolute(path)) continue;
    const found = `${key} is "${path}", which is somewhere else for each folder that the gateway is started in`;
    yield warn("paths", found, "write the whole path");
  }
}

async function isLocked(path: string): Promise<boolean> {
  using lock = await Deno.open(path, { write: true });
  return !await lock.tryLock(true);
}
