import type { Count } from "../../src/counting/counters.ts";
import { type MailboxLimits, NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import type { MessageStore } from "../../src/mailbox/message_store.ts";
import { PostgresqlMailbox, type Timings } from "../../src/postgresql/mailbox.ts";
import { migrate } from "../../src/postgresql/migrations.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import type { Postgresql } from "../support/postgresql.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const DAY = 86_400_000;

/** Where a store keeps its data; it may be opened again and again. */
export interface Place extends Disposable {
  open(limits?: MailboxLimits, count?: Count): Promise<MessageStore>;
  /** all bytes that the store has written, as hexadecimal digits */
  dump(): Promise<string>;
}

/** A place for the embedded store. */
export function embedded(): Place {
  const folder = new TemporaryFolder();
  return {
    open: (limits = NO_LIMITS, count = () => {}) =>
      Mailbox.open(folder.file("mailbox.kv"), testSealer(), count, undefined, undefined, limits),
    dump: () => {
      const files = [...Deno.readDirSync(folder.path)].map(({ name }) => Deno.readFileSync(folder.file(name)));
      return Promise.resolve(files.map((bytes) => bytes.toHex()).join("\n"));
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** A place for the store in PostgreSQL. */
export async function inPostgresql(cluster: Postgresql): Promise<Place> {
  const options = await cluster.database();
  return {
    open: (limits, count) => openPostgresql(options, limits, count),
    dump: async () => {
      await using server = new Server(options);
      const [row] = await server.run((sql) =>
        sql<{ all: string }[]>`select concat(
          (select string_agg(i::text, ' ') from nym_gateway.inboxes i),
          (select string_agg(c::text, ' ') from nym_gateway.chunks c)) as all`
      );
      return row!.all;
    },
    [Symbol.dispose]: () => {},
  };
}

/** Opens the store in a database, as a gateway does, with a connection of its own. */
export async function openPostgresql(
  options: ServerOptions,
  limits: MailboxLimits = NO_LIMITS,
  count: Count = () => {},
  server = new Server(options),
  timings: Partial<Timings> = {},
): Promise<PostgresqlMailbox> {
  const sealer = testSealer();
  await migrate(server, sealer);
  const synced = () => Promise.resolve();
  const mailbox = await PostgresqlMailbox.open(server, sealer, count, () => {}, synced, limits, DAY, {
    ...{ tally: 1000, sweep: DAY, tend: DAY, silence: DAY, slow: DAY },
    ...timings,
  });
  const dispose = mailbox[Symbol.asyncDispose].bind(mailbox);
  mailbox[Symbol.asyncDispose] = async () => {
    await dispose();
    await server[Symbol.asyncDispose]();
  };
  return mailbox;
}
