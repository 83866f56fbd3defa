import type { Sealer } from "../mailbox/sealing.ts";
import { isMovedAway } from "./exclusion.ts";
import { isSealedBy, versionOf } from "./migrations.ts";
import { excessOf, hasRights } from "./rights.ts";
import { MIGRATIONS } from "./schema.ts";
import { Server, type ServerOptions } from "./server.ts";

/** ms until the database must answer */
const DEADLINE = 8_000;
/** ms that reading all inboxes may take */
const LISTING_DEADLINE = 600_000;

/** What a database says of itself. */
export interface Inspection {
  /** of the server, as in `15.18 (Debian 15.18-0+deb12u1)` */
  readonly version: string;
  /** of TLS on this connection, as in `TLSv1.3`; "" for none */
  readonly tls: string;
  /** of our schema; 0 when there is none yet */
  readonly schema: number;
  /** the version that this program needs */
  readonly current: number;
  /** whether it is sealed with our storage key, or holds nothing yet */
  readonly isOurs: boolean;
  /** whether a move has taken all mail elsewhere */
  readonly isMovedAway: boolean;
  /** whether the role may do what the gateway does */
  readonly hasRights: boolean;
  /** whether it may bring the schema to the current version */
  readonly mayMigrate: boolean;
  /** why the role may do more than a gateway needs; undefined when it may not */
  readonly excess: string | undefined;
  /** whether a commit is on a disk before it is answered */
  readonly isDurable: boolean;
  /** the standbys that must have a commit before it is answered, as in `ANY 1 (node2, node3)`; "" for none */
  readonly synchronous: string;
  /** its clock when it answered, ms since 1970 */
  readonly now: number;
  /** bytes that it takes on the server */
  readonly size: number;
}

/** Asks a database about itself, and changes nothing. Throws what the server says when it cannot be asked. */
export async function inspect(options: ServerOptions, sealer: Sealer): Promise<Inspection> {
  await using server = new Server(options, DEADLINE);
  const [row] = await server.run((sql) =>
    sql<
      {
        version: string;
        tls: string;
        may: boolean;
        durable: boolean;
        standbys: string;
        now: string;
        size: string;
      }[]
    >`
      select current_setting('server_version') as version,
        coalesce((select s.version from pg_stat_ssl s where pid = pg_backend_pid()), '') as tls,
        case when to_regnamespace('nym_gateway') is null then has_database_privilege(current_database(), 'CREATE')
          else (select pg_has_role(nspowner, 'usage') from pg_namespace where nspname = 'nym_gateway') end as may,
        current_setting('fsync')::boolean and current_setting('synchronous_commit') <> 'off' as durable,
        case when current_setting('synchronous_commit') = 'local' then ''
          else current_setting('synchronous_standby_names') end as standbys,
        pg_database_size(current_database()) as size,
        extract(epoch from clock_timestamp()) * 1000 as now`
  );
  const now = Number(row!.now);
  const schema = await server.run(versionOf);
  const mayUse = schema === 0 ? row!.may : await server.run(hasRights);
  return {
    version: row!.version,
    tls: row!.tls,
    schema,
    current: MIGRATIONS.length,
    isOurs: schema === 0 || await server.run((sql) => isSealedBy(sql, sealer)),
    isMovedAway: schema !== 0 && mayUse && await server.run(isMovedAway),
    hasRights: mayUse,
    mayMigrate: row!.may,
    excess: await server.run((sql) => excessOf(sql, options.user)),
    isDurable: row!.durable,
    synchronous: row!.standbys,
    now,
    size: Number(row!.size),
  };
}

/** An inbox, as {@linkcode inboxesIn} lists it. */
export interface InboxFigures {
  /** the whole pseudonym, in hexadecimal */
  readonly inbox: string;
  /** messages in it, confirmed ones of chunks that hold others included */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
  /** age of the oldest in ms */
  readonly oldest: number;
}

/** What {@linkcode inboxesIn} finds. */
export interface FoundInboxes {
  /** the largest first */
  readonly largest: readonly InboxFigures[];
  /** of all inboxes with messages, including those not among the largest */
  readonly total: Omit<InboxFigures, "inbox"> & { readonly inboxes: number };
}

/** The inboxes with messages, the `most` largest one by one. Throws what the server says. */
export async function inboxesIn(options: ServerOptions, most: number): Promise<FoundInboxes> {
  await using server = new Server(options, LISTING_DEADLINE);
  const [all] = await server.run((sql) =>
    sql<{ inboxes: string; messages: string | null; bytes: string | null; oldest: string | null }[]>`
      select count(*) as inboxes, sum(messages) as messages, sum(bytes) as bytes,
        (select extract(epoch from now() - min(stored)) * 1000 from nym_gateway.chunks) as oldest
      from nym_gateway.inboxes where messages > 0`
  );
  const rows = await server.run((sql) =>
    sql<{ inbox: string; messages: string; bytes: string; oldest: string }[]>`
      select encode(i.inbox, 'hex') as inbox, i.messages, i.bytes, extract(epoch from now() - c.stored) * 1000 as oldest
      from (
        select inbox, messages, bytes from nym_gateway.inboxes where messages > 0 order by bytes desc limit ${most}::integer
      ) i, lateral (
        select stored from nym_gateway.chunks where inbox = i.inbox order by last limit 1
      ) c order by i.bytes desc`
  );
  const figuresOf = (row: { messages: string | null; bytes: string | null; oldest: string | null }) => ({
    messages: Number(row.messages),
    bytes: Number(row.bytes),
    oldest: Math.max(0, Number(row.oldest)),
  });
  return {
    largest: rows.map((row) => ({ inbox: row.inbox, ...figuresOf(row) })),
    total: { inboxes: Number(all!.inboxes), ...figuresOf(all!) },
  };
}
