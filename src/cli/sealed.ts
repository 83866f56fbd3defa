import type { Config } from "../config/config.ts";
import { exists } from "../config/files.ts";
import { sealedFiles } from "../mailbox/database_files.ts";

/**
 * What only the gateway's storage key can open, as in `/x/mailbox.kv`; undefined if nothing is stored yet. A database on
 * a server counts without a look: it may be unreachable now, and other gateways may have sealed it.
 * @throws {OperatorError} if that is unknown
 */
export function sealedIn({ clientsEndpoint, storage }: Config): string | undefined {
  return storage.kind === "postgresql"
    ? `the database ${storage.url}`
    : sealedFiles(clientsEndpoint).find((path) => exists(path) && Deno.statSync(path).size > 0);
}
