import { pause } from "../timing/pause.ts";
import type { Server, Sql } from "./server.ts";

/** The session of a gateway that has just stopped may be there for a moment: ms to wait for that, and between two polls */
const LAST_SESSIONS = 5000;
const POLL_INTERVAL = 100;

/**
 * Waits until gateways that have just stopped are disconnected.
 * @throws {Error} if others stay
 */
export async function mustBeUnused(server: Server): Promise<void> {
  for (let waited = 0; await isInUse(server); waited += POLL_INTERVAL) {
    if (waited >= LAST_SESSIONS) throw new Error("gateways are using it: stop all of them first");
    await pause(POLL_INTERVAL, new AbortController().signal);
  }
}

/**
 * Keeps all gateways, of any version, from storing and registering anything until the transaction ends: each commit locks
 * its gateway's row, and each registration writes a client's. Only a role that may write these tables can do that; who
 * only reads them, as a backup does, is not held up, and holds nothing up.
 *
 * @throws {Error} when something else holds a lock on them for long
 */
export async function lockOutGateways(sql: Sql): Promise<void> {
  await sql`select set_config(name, '0', true) from pg_settings
    where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`;
  await sql`select set_config('lock_timeout', '10s', true)`;
  await sql`lock table nym_gateway.clients, nym_gateway.gateways in exclusive mode`;
}

/** Notes whether a move has taken all mail elsewhere, in the row of gateways that are gone, which has no commits. */
export async function noteMovedAway(sql: Sql, isMovedAway: boolean): Promise<void> {
  await sql`update nym_gateway.gateways set number = ${isMovedAway ? 1 : 0}::integer where gateway = 0`;
}

/** Whether {@linkcode noteMovedAway} says so. */
export async function isMovedAway(sql: Sql): Promise<boolean> {
  const [row] = await sql<
    { moved: boolean }[]
  >`select number <> 0 as moved from nym_gateway.gateways where gateway = 0`;
  return row!.moved;
}

/**
 * Resolves when a gateway may use the database.
 * @throws {Error} while {@linkcode lockOutGateways} holds, and when a move has taken all mail elsewhere
 */
export async function mustBeOpen(server: Server): Promise<void> {
  const [row] = await server.run((sql) =>
    sql<{ locked: boolean }[]>`select exists (
      select from pg_locks join pg_database d on d.oid = database
      where d.datname = current_database() and relation = 'nym_gateway.gateways'::regclass
        and mode = 'ExclusiveLock' and granted) as locked`
  );
  if (row!.locked) throw new Error("`nym-gateway storage move` is taking its mail elsewhere: wait until it has ended");
  if (!await server.run(isMovedAway)) return;
  throw new Error(
    "its mail was moved into a gateway's files; `nym-gateway storage move --to postgresql` brings it back",
  );
}

/** Whether any gateway is running: each has a session that listens. */
async function isInUse(server: Server): Promise<boolean> {
  const [row] = await server.run((sql) =>
    sql<{ running: boolean }[]>`select exists (select from pg_stat_activity
      where datname = current_database() and query like 'listen "nym\\_gateway\\_%') as running`
  );
  return row!.running;
}
