import type { Server, Sql } from "./server.ts";

/** What a gateway does with each table of its schema. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  settings: ["select", "insert"],
  inboxes: ["select", "insert", "update"],
  chunks: ["select", "insert", "delete"],
  tags: ["select", "insert"],
  gateways: ["select", "insert", "update"],
  clients: ["select", "insert", "update"],
};
/** The functions that it calls. */
const FUNCTIONS = ["commit", "visit", "expire", "tend"];

/**
 * Gives a role what a gateway needs in the schema, and takes everything else from it there. `tend`, which creates and
 * drops partitions, then acts for the schema's owner, whoever calls it. As the role that owns the schema, or as a
 * superuser.
 */
export async function limitRights(server: Server, role: string): Promise<void> {
  const grants = Object.entries(TABLES).map(([table, rights]) =>
    `grant ${rights.join()} on nym_gateway.${table} to %1$I;`
  );
  const template = `
    alter function nym_gateway.tend(integer) security definer set search_path = pg_catalog, pg_temp;
    revoke all on all tables in schema nym_gateway from public, %1$I;
    revoke all on all functions in schema nym_gateway from public, %1$I;
    revoke all on schema nym_gateway from public, %1$I;
    grant usage on schema nym_gateway to %1$I;
    ${grants.join("\n")}
    grant execute on all functions in schema nym_gateway to %1$I;`;
  await server.run((sql) =>
    sql.begin(async (sql) => {
      const [row] = await sql<{ statements: string }[]>`select format(${template}::text, ${role}::text) as statements`;
      await sql.unsafe(row!.statements);
    })
  );
}

/** Whether the role that has logged in may do all that a gateway does, in a database with a schema. */
export async function hasRights(sql: Sql): Promise<boolean> {
  const all = Object.entries(TABLES).flatMap(([table, rights]) => rights.map((right) => [table, right] as const));
  const [row] = await sql<{ has: boolean }[]>`
    select not exists (
      select from unnest(string_to_array(${all.map(([table]) => table).join()}::text, ','),
        string_to_array(${all.map(([, right]) => right).join()}::text, ',')) as n(relation, needed)
      where not coalesce(has_table_privilege(to_regclass('nym_gateway.' || relation)::oid, needed), false)
    ) and (
      select count(*) = ${FUNCTIONS.length}::integer and bool_and(has_function_privilege(oid, 'execute')) from pg_proc
      where pronamespace = to_regnamespace('nym_gateway') and proname = any (string_to_array(${FUNCTIONS.join()}::text, ','))
    ) as has`;
  return row!.has;
}

/** What a role may do beyond that, in words; undefined for nothing. Asks as any role that may log in. */
export async function excessOf(sql: Sql, role: string): Promise<string | undefined> {
  const [row] = await sql<{ powerful: boolean; owns: boolean; creates: boolean }[]>`
    select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as powerful,
      coalesce(pg_has_role(r.oid, n.nspowner, 'member'), false) as owns,
      has_database_privilege(r.oid, current_database(), 'create') as creates
    from pg_roles r left join pg_namespace n on n.nspname = 'nym_gateway' where rolname = ${role}::text`;
  if (row === undefined) return undefined;
  const { powerful, owns, creates } = row;
  if (powerful) return "it is a superuser, or may create roles or databases";
  if (owns) return "it owns the schema";
  return creates ? "it may create schemas in the database" : undefined;
}
