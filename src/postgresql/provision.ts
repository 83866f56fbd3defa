import { upgradeSchema } from "./migrations.ts";
import { excessOf, limitRights } from "./rights.ts";
import { MIGRATIONS } from "./schema.ts";
import { scramVerifier } from "./scram.ts";
import { Server, type ServerOptions, type Sql } from "./server.ts";

/** ms that a statement may take: a migration may rewrite large tables */
const DEADLINE = 3_600_000;

/** What {@linkcode provision} has found and done. */
export interface Provisioned {
  /** whether the role was created */
  readonly isNewRole: boolean;
  /** whether the database was created */
  readonly isNewDatabase: boolean;
  /** the schema's version before; 0 for none */
  readonly before: number;
  /** the schema's version now */
  readonly version: number;
  /** why the role may do more than a gateway needs; undefined when it may not */
  readonly excess: string | undefined;
}

/**
 * Creates, as an administrator, what gateways need of a server: the role `user`, `database` in which only that role may
 * log in, and the schema, with the least rights in it. What is there already stays, and is brought up to date: so it can
 * be repeated, after an upgrade and after a failure.
 *
 * @param admin how to log in; its database is used only until the other one is there
 * @param password the role's; undefined leaves it as it is
 * @throws {Error} what the server says; it never contains the password
 */
export async function provision(
  admin: ServerOptions,
  { user, database }: Pick<ServerOptions, "user" | "database">,
  password: string | undefined,
): Promise<Provisioned> {
  let isNewRole: boolean, isNewDatabase: boolean;
  {
    await using server = new Server(admin, DEADLINE);
    const [found] = await server.run((sql) =>
      sql<{ role: boolean; database: boolean }[]>`select
        exists (select from pg_roles where rolname = ${user}::text) as role,
        exists (select from pg_database where datname = ${database}::text) as database`
    );
    [isNewRole, isNewDatabase] = [!found!.role, !found!.database];
    const verifier = password === undefined ? "" : await scramVerifier(password);
    if (isNewRole) await carryOut(server, "create role %1$I login", user);
    if (verifier !== "") await carryOut(server, "alter role %1$I login password %2$L", user, verifier);
    if (isNewDatabase) {
      await carryOut(server, "create database %1$I", database);
      await carryOut(server, "revoke all on database %1$I from public", database);
    }
    await carryOut(server, "grant connect on database %1$I to %2$I", database, user);
  }
  await using server = new Server({ ...admin, database }, DEADLINE);
  const before = await upgradeSchema(server);
  const isOwner = await server.run((sql) => ownsSchema(sql, user));
  if (!isOwner) await limitRights(server, user);
  const excess = await server.run((sql) => excessOf(sql, user));
  return { isNewRole, isNewDatabase, before, version: MIGRATIONS.length, excess };
}

/** Runs a statement with names and texts in it, which the server quotes: they can't be parameters. */
async function carryOut(server: Server, template: string, one: string, two = ""): Promise<void> {
  await server.run(async (sql) => {
    const [row] = await sql<{ text: string }[]>`select format(${template}::text, ${one}::text, ${two}::text) as text`;
    await sql.unsafe(row!.text);
  });
}

/** Whether a role owns the schema: then it keeps all rights there. */
async function ownsSchema(sql: Sql, role: string): Promise<boolean> {
  const [row] = await sql<{ owns: boolean }[]>`select exists (
    select from pg_namespace n join pg_roles r on r.oid = n.nspowner
    where n.nspname = 'nym_gateway' and r.rolname = ${role}::text) as owns`;
  return row!.owns;
}
