import { dirname, isAbsolute, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { exists } from "../../config/files.ts";
import { pathsOf } from "../../config/relocation.ts";
import { readStorageKey, storageKeyElsewhere } from "../../config/storage_key_file.ts";
import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
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
