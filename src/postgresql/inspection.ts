import type { Sealer } from "../mailbox/sealing.ts";
import { isSealedBy, versionOf } from "./migrations.ts";
import { MIGRATIONS } from "./schema.ts";
import { Server, type ServerOptions } from "./server.ts";

/** ms until the database must answer */
const DEADLINE = 8_000;

/** What a database says of itself. */
export interface Inspection {
  /** of the server, as in `15.18 (Debian 15.18-0+deb12u1)` */
  readonly version: string;
  /** of our schema; 0 when no gateway has made it yet */
  readonly schema: number;
  /** the version that this program brings it to */
  readonly current: number;
  /** whether it is sealed with our storage key, or holds nothing yet */
  readonly isOurs: boolean;
  /** whether the role may do what the gateway does */
  readonly mayWrite: boolean;
  /** whether a commit is on a disk before it is answered */
  readonly isDurable: boolean;
  /** the standbys that must have a commit before it is answered, as in `ANY 1 (node2, node3)`; "" for none */
  readonly synchronous: string;
  /** its clock when it answered, ms since 1970 */
  readonly now: number;
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

/** Asks a database about itself, and changes nothing. Throws what the server says when it cannot be asked. */
export async function inspect(options: ServerOptions, sealer: Sealer): Promise<Inspection> {
  await using server = new Server(options, DEADLINE);
  const [row] = await server.run((sql) =>
    sql<{ version: string; has: boolean; may: boolean; durable: boolean; standbys: string; now: string }[]>`
      select current_setting('server_version') as version, to_regclass('nym_gateway.settings') is not null as has,
        case when to_regnamespace('nym_gateway') is null then has_database_privilege(current_database(), 'CREATE')
          else has_schema_privilege('nym_gateway', 'CREATE') end as may,
        current_setting('fsync')::boolean and current_setting('synchronous_commit') <> 'off' as durable,
        current_setting('synchronous_standby_names') as standbys,
        extract(epoch from clock_timestamp()) * 1000 as now`
  );
  const { version, has, may, durable, standbys, now } = row!;
  return {
    version,
    schema: has ? await server.run(versionOf) : 0,
    current: MIGRATIONS.length,
    isOurs: !has || await server.run((sql) => isSealedBy(sql, sealer)),
    mayWrite: may,
    isDurable: durable,
    synchronous: standbys,
    now: Number(now),
  };
}

/** All inboxes with messages, the largest first, at most `most`. Throws what the server says. */
export async function inboxesIn(options: ServerOptions, most: number): Promise<InboxFigures[]> {
  await using server = new Server(options);
  const rows = await server.run((sql) =>
    sql<{ inbox: string; messages: string; bytes: string; oldest: string }[]>`
      select encode(i.inbox, 'hex') as inbox, i.messages, i.bytes, extract(epoch from now() - c.stored) * 1000 as oldest
      from nym_gateway.inboxes i, lateral (
        select stored from nym_gateway.chunks where inbox = i.inbox order by last limit 1
      ) c where i.messages > 0 order by i.bytes desc limit ${most}::integer`
  );
  return rows.map(({ inbox, messages, bytes, oldest }) => ({
    inbox,
    messages: Number(messages),
    bytes: Number(bytes),
    oldest: Math.max(0, Number(oldest)),
  }));
}
