import type { Config } from "../../config/config.ts";
import { databaseOptions } from "../../config/database_options.ts";
import { findStorageKey } from "../../config/storage_key_file.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import type { Inspection } from "../../postgresql/inspection.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** A difference between two clocks, in ms, that is reported: mail ages by the database's. */
const CLOCK_MARGIN = 60_000;

/** Checks the database of `[storage]`: that it can be used, and what it promises. Changes nothing. */
export async function checkDatabase({ gateway, storage }: Config): Promise<Finding> {
  try {
    const options = databaseOptions(storage);
    const sealer = new Sealer(findStorageKey(gateway.storageKeyFile));
    const { inspect } = await import("../../postgresql/inspection.ts");
    return databaseFinding(await inspect(options, sealer), Date.now());
  } catch (error) {
    if (error instanceof OperatorError) return fail("database", error.message, "correct [storage]", error.exitCode);
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = "check url, password_file and certificate_authority in [storage], and whether the server runs";
    return fail("database", `${storage.url} cannot be used: ${reason}`, remedy, ExitCode.INPUT_OUTPUT);
  }
}

/** What an inspection means, with `now` in ms since 1970. */
export function databaseFinding(found: Inspection, now: number): Finding {
  const { version, schema, current, isOurs, mayWrite, isDurable, synchronous } = found;
  const subject = "database";
  if (!isOurs) {
    return fail(subject, "it was sealed with another storage key", "put back the key, or use another database");
  }
  if (schema > current) {
    return fail(subject, "a newer version of the gateway has changed its schema", "upgrade this one");
  }
  if (!mayWrite) {
    return fail(subject, "the role may not write there", "make it the owner of the database; see docs/cluster.md");
  }
  const server = `PostgreSQL ${version.split(" ")[0]}`;
  if (!isDurable) {
    const remedy = "turn fsync and synchronous_commit on";
    return warn(subject, `${server} answers before a commit is on a disk: a power failure loses mail`, remedy);
  }
  const ahead = Math.round((found.now - now) / 1000);
  if (Math.abs(ahead) * 1000 > CLOCK_MARGIN) {
    return warn(subject, `its clock and this machine's differ by ${Math.abs(ahead)} s`, "synchronize both");
  }
  if (synchronous === "") {
    const remedy = "set synchronous_standby_names, unless the provider replicates disks";
    return warn(subject, `${server}, without a synchronous standby: if its disk is lost, so is mail`, remedy);
  }
  const made = schema === 0 ? ", in which the first start creates the schema" : "";
  return ok(subject, `${server}, replicated to ${synchronous}${made}`);
}
