import type { Sealer } from "../mailbox/sealing.ts";
import { MIGRATIONS } from "./schema.ts";
import type { Server, Sql } from "./server.ts";

/** What is sealed to recognize the storage key. */
const CHECK_CONTEXT = new TextEncoder().encode("storage key");

/**
 * Brings the database to the current version of the schema, one gateway at a time, and checks that it is sealed with this
 * storage key.
 *
 * @throws {Error} when it is not, or a newer gateway has changed the schema, or the role lacks a right
 */
export async function migrate(server: Server, sealer: Sealer): Promise<void> {
  const check = sealer.seal(new Uint8Array(0), CHECK_CONTEXT);
  const isOurs = await server.run((sql) =>
    sql.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('nym_gateway.migrate', 0))`;
      await sql`create schema if not exists nym_gateway`;
      await sql`create table if not exists nym_gateway.settings (name text primary key, value bytea not null)`;
      const version = await versionOf(sql);
      if (version > MIGRATIONS.length) {
        throw new Error(`a newer version of the gateway has changed its schema (${version}): upgrade this gateway`);
      }
      for (const statements of MIGRATIONS.slice(version)) await sql.unsafe(statements);
      const value = new TextEncoder().encode(String(MIGRATIONS.length));
      await sql`insert into nym_gateway.settings values ('version', ${value})
        on conflict (name) do update set value = excluded.value`;
      await sql`insert into nym_gateway.settings values ('storage_key', ${check}) on conflict do nothing`;
      return await isSealedBy(sql, sealer);
    })
  );
  if (!isOurs) {
    throw new Error("it was not sealed with this storage key; put back the storage key file it was made with");
  }
}

/** Whether a database with a schema is sealed by `sealer`. */
export async function isSealedBy(sql: Sql, sealer: Sealer): Promise<boolean> {
  const [row] = await sql<{ value: Uint8Array }[]>`
    select value from nym_gateway.settings where name = 'storage_key'`;
  return row !== undefined && sealer.open(row.value, CHECK_CONTEXT) !== undefined;
}

/** The version of a database's schema; 0 before the first migration. */
export async function versionOf(sql: Sql): Promise<number> {
  const [row] = await sql<{ value: Uint8Array }[]>`select value from nym_gateway.settings where name = 'version'`;
  return row === undefined ? 0 : Number(new TextDecoder().decode(row.value));
}
