import type { Sealer } from "../mailbox/sealing.ts";
import { MIGRATIONS } from "./schema.ts";
import type { Server, Sql } from "./server.ts";

/** What is sealed to recognize the storage key. */
const CHECK_CONTEXT = new TextEncoder().encode("storage key");

/** PostgreSQL's code for a right that the role lacks. */
const INSUFFICIENT_PRIVILEGE = "42501";

/**
 * Makes the database ready for a gateway: brings its schema to the current version, if it is older and the role owns it, and
 * checks that it is sealed with this storage key.
 *
 * @throws {Error} when it is not, or a newer gateway has changed the schema, or the schema is older and the role may not
 *   change it
 */
export async function migrate(server: Server, sealer: Sealer): Promise<void> {
  const version = await server.run(versionOf);
  refuseNewer(version);
  if (version < MIGRATIONS.length) {
    await upgradeSchema(server).catch((error) => Promise.reject(explained(error, version)));
  }
  const check = sealer.seal(new Uint8Array(0), CHECK_CONTEXT);
  await server.run((sql) =>
    sql`insert into nym_gateway.settings values ('storage_key', ${check}) on conflict do nothing`
  );
  if (!await server.run((sql) => isSealedBy(sql, sealer))) {
    throw new Error("it was not sealed with this storage key; put back the storage key file it was made with");
  }
}

/**
 * Brings the schema to the current version; others that do so at the same time wait. Resolves with the version that it
 * had, 0 for none.
 *
 * @throws {Error} when it is newer, or the role lacks a right
 */
export async function upgradeSchema(server: Server): Promise<number> {
  return await server.run((sql) =>
    sql.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('nym_gateway.migrate', 0))`;
      const version = await versionOf(sql);
      refuseNewer(version);
      if (version === MIGRATIONS.length) return version;
      await sql`create schema if not exists nym_gateway`;
      await sql`create table if not exists nym_gateway.settings (name text primary key, value bytea not null)`;
      for (const statements of MIGRATIONS.slice(version)) await sql.unsafe(statements);
      const value = new TextEncoder().encode(String(MIGRATIONS.length));
      await sql`insert into nym_gateway.settings values ('version', ${value})
        on conflict (name) do update set value = excluded.value`;
      return version;
    })
  );
}

/** Whether a database with a schema is sealed by `sealer`, or by nobody yet. */
export async function isSealedBy(sql: Sql, sealer: Sealer): Promise<boolean> {
  const [row] = await sql<{ value: Uint8Array }[]>`
    select value from nym_gateway.settings where name = 'storage_key'`;
  return row === undefined || sealer.open(row.value, CHECK_CONTEXT) !== undefined;
}

/** The version of a database's schema; 0 before the first migration. */
export async function versionOf(sql: Sql): Promise<number> {
  // to_regclass would answer from what the session remembers: not what another one has made while it waited for the lock.
  const [schema] = await sql<{ has: boolean }[]>`select exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'nym_gateway' and c.relname = 'settings') as has`;
  if (!schema!.has) return 0;
  const [row] = await sql<{ value: Uint8Array }[]>`select value from nym_gateway.settings where name = 'version'`;
  return row === undefined ? 0 : Number(new TextDecoder().decode(row.value));
}

function refuseNewer(version: number): void {
  if (version <= MIGRATIONS.length) return;
  throw new Error(`a newer version of the gateway has changed its schema (${version}): upgrade this gateway`);
}

/** Why a schema of this version could not be brought to the current one. */
function explained(error: Error, version: number): Error {
  if (error.cause !== INSUFFICIENT_PRIVILEGE) return error;
  const found = version === 0
    ? "it has no schema yet"
    : `its schema is of version ${version}, and this gateway needs ${MIGRATIONS.length}`;
  return new Error(`${found}: \`nym-gateway storage init\` changes that`);
}
