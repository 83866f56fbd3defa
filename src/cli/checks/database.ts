import type { Config } from "../../config/config.ts";
import { databaseOptions } from "../../config/database_options.ts";
import { findStorageKey } from "../../config/storage_key_file.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import type { Inspection } from "../../postgresql/inspection.ts";
import { sizeText } from "../../text/units.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** A difference between two clocks, in ms, that is reported: mail ages by the database's. */
const CLOCK_MARGIN = 60_000;
/** The oldest major version that is tested. */
const OLDEST = 15;
const INIT = "run `nym-gateway storage init` with this version; see docs/cluster.md";

/** Checks the database of `[storage]`: that it can be used, and what it promises. Changes nothing. */
export async function* checkDatabase({ gateway, storage }: Config): AsyncGenerator<Finding> {
  try {
    const options = databaseOptions(storage);
    const sealer = new Sealer(findStorageKey(gateway.storageKeyFile));
    const { inspect } = await import("../../postgresql/inspection.ts");
    yield* databaseFindings(await inspect(options, sealer), Date.now());
  } catch (error) {
    if (error instanceof OperatorError) {
      yield fail("database", error.message, "correct [storage]", error.exitCode);
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = "check url, password_file and certificate_authority in [storage], and whether the server runs";
    yield fail("database", `${storage.url} cannot be used: ${reason}`, remedy, ExitCode.INPUT_OUTPUT);
  }
}

/** What an inspection means, with `now` in ms since 1970. */
export function* databaseFindings(found: Inspection, now: number): Generator<Finding> {
  yield serverFinding(found);
  yield schemaFinding(found);
  yield rightsFinding(found);
  yield replicationFinding(found);
  const ahead = Math.round((found.now - now) / 1000);
  const clock = `its clock and this machine's differ by ${Math.abs(ahead)} s`;
  yield Math.abs(ahead) * 1000 > CLOCK_MARGIN
    ? warn("database clock", clock, "synchronize both: mail ages by the database's")
    : ok("database clock", clock);
  yield ok("database size", `${sizeText(found.size)}; how much is free on its disk only its server knows`);
}

function serverFinding({ version, tls }: Inspection): Finding {
  const server = `PostgreSQL ${version.split(" ")[0]}, ${tls === "" ? "without TLS" : `over ${tls}`}`;
  if (parseInt(version) >= OLDEST) return ok("database", server);
  return warn("database", server, `upgrade it: versions before ${OLDEST} are not tested`);
}

function schemaFinding({ schema, current, isOurs, isMovedAway, mayMigrate }: Inspection): Finding {
  const subject = "database schema";
  const remedy = "put back the key, or use another database";
  if (!isOurs) return fail(subject, "it was sealed with another storage key", remedy);
  if (isMovedAway) {
    const elsewhere = "start only the gateway that has it, or run `nym-gateway storage move --to postgresql` there";
    return fail(subject, "its mail was moved into a gateway's files", elsewhere);
  }
  if (schema > current) {
    return fail(
      subject,
      `a newer version of the gateway has changed it (${schema}, and not ${current})`,
      "upgrade this one",
    );
  }
  if (schema === current) return ok(subject, `version ${schema}`);
  const what = schema === 0 ? "there is none yet" : `version ${schema}, older than this gateway's (${current})`;
  return mayMigrate ? ok(subject, `${what}: the start of a gateway changes that`) : fail(subject, what, INIT);
}

function rightsFinding({ schema, hasRights, excess }: Inspection): Finding {
  const subject = "database rights";
  if (!hasRights) return fail(subject, "the role may not do what a gateway does", INIT);
  if (excess !== undefined) {
    return warn(
      subject,
      `the role may do more than a gateway needs: ${excess}`,
      "use a role that `storage init` creates",
    );
  }
  return ok(subject, schema === 0 ? "enough" : "what a gateway needs, and no more");
}

function replicationFinding({ isDurable, synchronous }: Inspection): Finding {
  const subject = "replication";
  if (!isDurable) {
    const found = "the server answers before a commit is on a disk: a power failure loses mail";
    return warn(subject, found, "turn fsync and synchronous_commit on");
  }
  if (synchronous !== "") return ok(subject, `a commit is answered once it is on ${synchronous} too`);
  const remedy = "set synchronous_standby_names, unless the provider replicates disks";
  return warn(subject, "there is no synchronous standby: if the server's disk is lost, so is mail", remedy);
}
