import { assert, assertEquals, assertRejects } from "@std/assert";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import { PostgresqlLedgerTable } from "../../src/postgresql/ledger_table.ts";
import { Batch } from "../../src/postgresql/batch.ts";
import { versionOf } from "../../src/postgresql/migrations.ts";
import { MIGRATIONS } from "../../src/postgresql/schema.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { client, numbered, numberOf, range, readAll, readNumbers } from "../mailbox/messages.ts";
import type { ClientId } from "../../src/mailbox/client_id.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { many } from "../hostile/besieged.ts";
import { eventually } from "../support/eventually.ts";
import { Postgresql, SKIPPED } from "../support/postgresql.ts";
import { inboxesIn, inspect } from "../../src/postgresql/inspection.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { Random } from "../support/random.ts";
import { testSealer } from "../support/sealer.ts";
import { FAULTS } from "./faults.ts";
import { killUnderLoad } from "./kills.ts";
import { randomHistories } from "./model.ts";
import { nativeClientMoves } from "./native_moves.ts";
import { slowHistories } from "./slow_model.ts";
import { visitsDoWhatBatchesDo } from "./visits.ts";
import { counting, Watching } from "./watching.ts";

const DAY = 86_400_000;
const ignore = () => {};

/** Tests of gateways that share a database; each gets a new one. */
const TESTS: Record<string, (options: ServerOptions, cluster: Postgresql) => Promise<void>> = {
  "gateways that start at once in a new database make its tables together": async (options) => {
    const all = await Promise.all(range(4).map(() => openPostgresql(options)));
    all[0]!.store(client(1), numbered(7));
    await all[0]!.flush();
    assertEquals(await readNumbers(all[3]!.openInbox(client(1), ignore, ignore)), [7]);
    await Promise.all(all.map((mailbox) => mailbox[Symbol.asyncDispose]()));
  },

  "mail that comes in at one gateway reaches the client at another, in order": async (options) => {
    await using here = await openPostgresql(options);
    await using there = await openPostgresql(options);
    const watching = new Watching(there, 1);
    await there.flush();
    for (const n of range(60)) {
      (n % 3 === 0 ? there : here).store(client(1), numbered(n));
      await (n % 3 === 0 ? there : here).flush();
    }
    await eventually("all have come", () => watching.got.length >= 60);
    assertEquals(watching.got, range(60));
    watching.inbox.confirm(watching.last);
    await there.flush();
    assertEquals(await readNumbers(here.openInbox(client(1), ignore, ignore)), []);
  },

  "a sweep finds what a lost notification missed": async (options) => {
    await using here = await openPostgresql(options);
    const server = new Server(options);
    server.listen = ignore; // nothing is ever notified
    await using there = await openPostgresql(options, undefined, undefined, server, { sweep: 20, tend: DAY });
    const watching = new Watching(there, 1);
    await there.flush();
    here.store(client(1), numbered(7));
    await eventually("it has come", () => watching.got.length > 0);
    assertEquals(watching.got, [7]);
    here.openInbox(client(1), ignore, ignore);
    await eventually("the newer login is noticed", () => watching.isSuperseded);
  },

  "the newest login wins at any gateway, and what an older one confirms late is refused": async (options) => {
    await using here = await openPostgresql(options);
    await using there = await openPostgresql(options);
    for (const n of range(4)) here.store(client(1), numbered(n));
    await here.flush();
    const older = new Watching(here, 1);
    await eventually("the older one has all", () => older.got.length === 4);
    const newer = new Watching(there, 1);
    await there.flush();
    older.inbox.confirm(older.last); // if it does not know yet
    await here.flush();
    await eventually("the older one knows, the newer one has all", () => older.isSuperseded && newer.got.length === 4);
    older.inbox.confirm(older.last);
    await here.flush();
    assertEquals(await readNumbers(there.openInbox(client(1), ignore, ignore)), range(4));
  },

  "a packet is accepted once, whichever gateway it reaches": async (options) => {
    const { counts, count } = counting();
    await using here = await openPostgresql(options, NO_LIMITS, count);
    await using there = await openPostgresql(options, NO_LIMITS, count);
    const tag = (n: number) => new Uint8Array(16).fill(n + 1);
    for (const n of range(10)) here.store(client(n % 2), numbered(n), tag(n));
    await here.flush();
    for (const n of range(15)) there.store(client(n % 2), numbered(n), tag(n));
    await there.flush();
    assertEquals(counts["packets_dropped_replayed"], 10);
    assertEquals(await readNumbers(here.openInbox(client(0), ignore, ignore)), range(8).map((i) => 2 * i));
    assertEquals(await readNumbers(here.openInbox(client(1), ignore, ignore)), range(7).map((i) => 2 * i + 1));
  },

  "what is not stored is remembered too, with messages of the same client beside it": async (options) => {
    const { counts, count } = counting();
    await using here = await openPostgresql(options, NO_LIMITS, count);
    await using there = await openPostgresql(options, NO_LIMITS, count);
    const tag = (n: number) => new Uint8Array(16).fill(n + 1);
    const admitted: [string, boolean][] = [];
    for (const n of range(3)) here.admit(tag(n), (isNew) => admitted.push([`here ${n}`, isNew]));
    await here.flush();
    there.store(client(1), numbered(7), tag(7));
    for (const n of [2, 3]) there.admit(tag(n), (isNew) => admitted.push([`there ${n}`, isNew]));
    await there.flush();
    assertEquals(admitted, [["here 0", true], ["here 1", true], ["here 2", true], ["there 2", false], [
      "there 3",
      true,
    ]]);
    assertEquals([counts["messages_stored"], counts["packets_dropped_replayed"]], [1, 1]);
    assertEquals(await readNumbers(here.openInbox(client(1), ignore, ignore)), [7]);
  },

  "a database is inspected as it is, before and after the first start": async (options) => {
    const before = await inspect(options, testSealer());
    assertEquals([before.schema, before.isOurs, before.hasRights, before.isDurable], [0, true, true, false]);
    assertEquals(await inboxesIn(options, 10).catch(() => "none"), "none");
    {
      await using mailbox = await openPostgresql(options);
      for (const n of range(5)) mailbox.store(client(n % 2), numbered(n));
      await mailbox.flush();
    }
    const after = await inspect(options, testSealer());
    assertEquals([after.schema, after.isOurs, after.hasRights, after.synchronous], [after.current, true, true, ""]);
    assert(Math.abs(after.now - Date.now()) < 60_000 && /^\d+/.test(after.version));
    const stranger = new Sealer(new Uint8Array(32).fill(8));
    assertEquals((await inspect(options, stranger)).isOurs, false);
    const { largest, total } = await inboxesIn(options, 10);
    assertEquals(largest.map(({ messages, bytes }) => [messages, bytes]), [[3, 120], [2, 80]]);
    assertEquals([total.inboxes, total.messages, total.bytes], [2, 5, 200]);
    const few = await inboxesIn(options, 1);
    assertEquals([few.largest.length, few.total.messages, few.total.inboxes], [1, 5, 2]);
  },

  "yesterday's packets are remembered, those of last week are not": async (options) => {
    await using server = new Server(options);
    const { counts, count } = counting();
    await using mailbox = await openPostgresql(options, NO_LIMITS, count);
    await server.run((sql) =>
      sql`insert into nym_gateway.tags values (1, current_date - 1), (2, current_date - 7), (3, current_date - 7)`
    );
    for (const n of [1, 2]) {
      const tag = new Uint8Array(8);
      new DataView(tag.buffer).setBigInt64(0, BigInt(n));
      mailbox.store(client(n), numbered(n), tag);
    }
    await mailbox.flush();
    assertEquals([counts["packets_dropped_replayed"], counts["messages_stored"]], [1, 1]);
    await using _other = await openPostgresql(options); // its start looks after partitions
    const rows = await server.run((sql) =>
      sql<{ tag: string }[]>`select tag, tableoid::regclass::text as part from nym_gateway.tags order by tag`
    );
    assertEquals(rows.map(({ tag }) => tag), ["1", "2"]);
  },

  "covers reach a client at another gateway, as many as came in": async (options) => {
    await using here = await openPostgresql(options);
    await using there = await openPostgresql(options);
    const probe = client(100);
    let isHeard = false;
    const pushed: string[] = [];
    const push = (where: string) => (id: ClientId) =>
      void (id === probe ? isHeard = true : pushed.push(`${where} ${id}`));
    here.pushCover = push("here");
    there.pushCover = push("there");
    there.openInbox(probe, ignore, ignore);
    const watching = range(3).map((n) => new Watching(there, n));
    await there.flush();
    await eventually("the other one listens", () => isHeard || !here.passCover(probe));
    for (const n of [0, 1, 1, 1, 7]) assert(here.passCover(client(n))); // nobody knows where the last one is
    await eventually("they have come", () => pushed.length >= 4);
    const own = range(200, 1000);
    for (const n of own) there.openInbox(client(n), ignore, ignore);
    await there.flush();
    for (const n of own) assert(here.passCover(client(n)));
    await eventually("they have come too", () => pushed.length >= 204);
    assertEquals(pushed.slice(0, 4).sort(), [0, 1, 1, 1].map((n) => `there ${client(n)}`));
    assertEquals(pushed.slice(4).sort(), own.map((n) => `there ${client(n)}`).sort());
    assertEquals(watching.map(({ got }) => got), [[], [], []]);
  },

  "limits hold over all gateways, to the message": async (options) => {
    const { counts, count } = counting();
    const limits = { ...NO_LIMITS, inboxMessages: 50 };
    await using here = await openPostgresql(options, limits, count);
    await using there = await openPostgresql(options, limits, count);
    for (const n of range(40)) for (const mailbox of [here, there]) mailbox.store(client(1), numbered(n));
    await Promise.all([here.flush(), there.flush()]);
    assertEquals((await readAll(here.openInbox(client(1), ignore, ignore))).length, 50);
    assertEquals([counts["messages_stored"], counts["messages_refused_inbox_full"]], [50, 30]);
    await eventually("both know the total", () => here.totals.messages === 50 && there.totals.messages === 50);
  },

  "the bytes of all inboxes are limited too, and small inboxes keep their share": async (options) => {
    const { counts, count } = counting();
    const limits = { ...NO_LIMITS, mailboxBytes: 16_000, inboxBytes: 6000, registeredClients: 4 };
    const open = () => openPostgresql(options, limits, count, undefined, { tally: 20 });
    await using here = await open();
    await using there = await open();
    for (const [c, mailbox, stored] of [[0, here, 30], [1, here, 33], [2, there, 35]] as const) {
      for (const n of range(30)) mailbox.store(client(c), numbered(n, c === 1 ? 40 : 200));
      await mailbox.flush();
      await eventually("both know", () => [here, there].every(({ totals }) => totals.messages === stored));
    }
    assertEquals([counts["messages_stored"], counts["messages_refused_mailbox_full"]], [35, 55]);
    assertEquals(await readNumbers(here.openInbox(client(2), ignore, ignore)), [0, 1]); // 2,000 bytes / 4 clients
  },

  "damaged chunks are skipped and counted, and the rest is delivered": async (options) => {
    const { counts, count } = counting();
    await using server = new Server(options);
    await using mailbox = await openPostgresql(options, NO_LIMITS, count);
    for (const n of range(5)) {
      mailbox.store(client(1), numbered(n));
      await mailbox.flush();
    }
    await server.run((sql) =>
      sql`update nym_gateway.chunks set body = set_byte(body, 40, get_byte(body, 40) # 1) where last in (2, 4)`
    );
    const inbox = mailbox.openInbox(client(1), ignore, ignore);
    const messages = await readAll(inbox);
    assertEquals(messages.map(({ message }) => numberOf(message)), [0, 2, 4]);
    assertEquals(counts["stored_values_damaged"], 2);
    inbox.confirm(messages.at(-1)!.sequence);
    await mailbox.flush();
    assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), []);
    const [row] = await server.run((sql) => sql<{ n: string }[]>`select count(*) as n from nym_gateway.chunks`);
    assertEquals(row!.n, "0");
  },

  "a commit in doubt is sent again, and stores nothing twice": async (options) => {
    const { counts, count } = counting();
    const server = new Server(options);
    const run = server.runAtOnce.bind(server);
    let doubts = 0;
    server.runAtOnce = async (statement) => {
      const result = await run(statement);
      if (doubts-- > 0) throw new Error("the connection was lost after the commit");
      return result;
    };
    await using mailbox = await openPostgresql(options, { ...NO_LIMITS, inboxMessages: 15 }, count, server);
    const reader = mailbox.openInbox(client(1), ignore, ignore);
    await mailbox.flush();
    const tag = (n: number) => new Uint8Array(16).fill(n + 1);
    for (const round of range(3)) {
      for (const n of range(5)) mailbox.store(client(1), numbered(5 * round + n), tag(5 * round + n));
      doubts = 2;
      await mailbox.flush();
      doubts = 0;
      const messages = await readAll(reader);
      assertEquals(messages.map(({ message }) => numberOf(message)), range(5, 5 * round));
    }
    for (const n of range(10)) mailbox.store(client(1), numbered(n), tag(15 + n));
    doubts = 2;
    await mailbox.flush(); // refused, and that is in doubt
    doubts = 0;
    assertEquals([counts["messages_stored"], counts["messages_refused_inbox_full"]], [15, 10]);
    assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), range(15));
  },

  "a login in doubt, before a newer one elsewhere, is the older of the two": async (options) => {
    await using there = await openPostgresql(options);
    for (const n of range(2)) there.store(client(1), numbered(n));
    await there.flush();
    const server = new Server(options);
    const run = server.runAtOnce.bind(server);
    let isInDoubt = true;
    let newer: Watching | undefined;
    server.runAtOnce = async (statement) => {
      const result = await run(statement);
      if (!isInDoubt || !(result as { places?: unknown })?.places) return result;
      isInDoubt = false;
      newer = new Watching(there, 1);
      await there.flush();
      throw new Error("the connection was lost after the commit");
    };
    await using here = await openPostgresql(options, undefined, undefined, server);
    const older = new Watching(here, 1);
    await eventually("it is noticed", () => older.isSuperseded);
    older.inbox.confirm(older.last);
    await here.flush();
    await eventually("the newer one has all", () => newer!.got.length === 2);
    assertEquals(newer!.isSuperseded, false);
    assertEquals(await readNumbers(there.openInbox(client(1), ignore, ignore)), range(2));
  },

  "a login or a confirmation alone is committed as in a batch": visitsDoWhatBatchesDo,

  "a database of the version before keeps its mail": async (options) => {
    await using server = new Server(options);
    await server.run((sql) => sql.unsafe("create schema nym_gateway"));
    await server.run((sql) =>
      sql.unsafe("create table nym_gateway.settings (name text primary key, value bytea not null)")
    );
    await server.run((sql) => sql.unsafe(MIGRATIONS[0]!));
    const value = new TextEncoder().encode("1");
    await server.run((sql) => sql`insert into nym_gateway.settings values ('version', ${value})`);
    const inbox = testSealer().pseudonym(client(1));
    const messages = range(3).map((n) => ({ message: numbered(n), tag: undefined }));
    const limits = { days: 1, messages: 10, bytes: 1000 };
    const places = [{ inbox, portion: { inbox, messages, bytes: 120 } }];
    await server.run((sql) => new Batch("1", 1, limits, places, [], testSealer()).send(sql));

    await using mailbox = await openPostgresql(options);
    assertEquals(await server.run(versionOf), MIGRATIONS.length);
    const reader = mailbox.openInbox(client(1), ignore, ignore);
    assertEquals(await readNumbers(reader), range(3));
  },

  "a primary that restarts loses nothing that was committed, and clients wait for it": async (options, cluster) => {
    const { counts, count } = counting();
    await using mailbox = await openPostgresql(options, NO_LIMITS, count);
    const watching = new Watching(mailbox, 1);
    for (const n of range(50)) mailbox.store(client(1), numbered(n));
    await mailbox.flush();
    await cluster.stop("immediate");
    for (const n of range(50)) mailbox.store(client(1), numbered(50 + n));
    await eventually("the failure is known", () => mailbox.failure !== undefined);
    await cluster.restart();
    await mailbox.flush();
    assertEquals(mailbox.failure, undefined);
    await eventually("all have come", () => watching.got.length >= 100);
    assertEquals(watching.got, range(100));
    assertEquals([counts["messages_stored"], counts["messages_lost"]], [100, undefined]);
  },

  "while the database is away, clients that are online get mail, and what they confirm is not written": async (
    options,
    cluster,
  ) => {
    const { counts, count } = counting();
    await using mailbox = await openPostgresql(options, NO_LIMITS, count);
    const watching = new Watching(mailbox, 1);
    const half = new Watching(mailbox, 2);
    for (const n of range(4)) mailbox.store(client(1 + n % 2), numbered(n));
    await mailbox.flush();
    await eventually("both have what came before", () => watching.got.length === 2 && half.got.length === 2);
    await cluster.stop("immediate");
    for (const n of range(60, 4)) {
      mailbox.store(client(n % 3), numbered(n));
      if (n === 30) await eventually("the failure is known", () => mailbox.failure !== undefined);
    }
    const own = (c: number) => range(64).filter((n) => n < 4 ? 1 + n % 2 === c : n % 3 === c);
    await eventually("both have all", () => watching.got.length === own(1).length && half.got.length === own(2).length);
    watching.inbox.confirm(watching.last);
    half.inbox.confirm(10);
    assert(mailbox.waiting < 60, "what is confirmed and has not been sent to the database leaves memory");
    await cluster.restart();
    await mailbox.flush();
    mailbox.store(client(1), numbered(98));
    mailbox.store(client(2), numbered(99));
    await mailbox.flush();
    await eventually("it goes on", () => watching.got.at(-1) === 98 && half.got.at(-1) === 99);
    assertEquals([watching.got, half.got], [[...own(1), 98], [...own(2), 99]]);
    assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), [98]);
    assertEquals(await readNumbers(mailbox.openInbox(client(2), ignore, ignore)), [...own(2).slice(10), 99]);
    assertEquals(await readNumbers(mailbox.openInbox(client(0), ignore, ignore)), range(20).map((i) => 3 * i + 6));
    assertEquals(counts["messages_lost"], undefined);
  },

  "another gateway that commits first, when the database is back, costs no message and no repetition": async (
    options,
    cluster,
  ) => {
    const server = new Server(options);
    await using here = await openPostgresql(options, undefined, undefined, server);
    await using there = await openPostgresql(options);
    const watching = new Watching(here, 1);
    await here.flush();
    await cluster.stop("immediate");
    for (const n of range(10)) here.store(client(1), numbered(n));
    await eventually("it has all early", () => watching.got.length === 10);
    watching.inbox.confirm(5);
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const run = server.runAtOnce.bind(server);
    server.runAtOnce = async (statement) => await held.then(() => run(statement));
    await cluster.restart();
    for (const n of range(3, 50)) there.store(client(1), numbered(n));
    await there.flush();
    release();
    await here.flush();
    await eventually("it has all", () => watching.got.includes(52));
    assertEquals(watching.got, [...range(10), ...range(3, 50)]);
    watching.inbox.confirm(watching.last);
    await here.flush();
    assertEquals(await readNumbers(there.openInbox(client(1), ignore, ignore)), []);
  },

  "a database that hangs in a commit, and goes on later, stores nothing twice": async (options, cluster) => {
    const { counts, count } = counting();
    await using mailbox = await openPostgresql(options, NO_LIMITS, count, new Server(options, 500));
    const tag = (n: number) => new Uint8Array(16).fill(n + 1);
    for (const n of range(5)) mailbox.store(client(1), numbered(n), tag(n));
    await mailbox.flush();
    {
      using _frozen = await cluster.freeze();
      for (const n of range(5, 5)) mailbox.store(client(1), numbered(n), tag(n));
      await eventually("the failure is known", () => mailbox.failure !== undefined);
    }
    await mailbox.flush();
    assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), range(10));
    assertEquals([counts["messages_stored"], counts["packets_dropped_replayed"]], [10, undefined]);
  },

  "a gateway that stops does not wait for a database that hangs": async (options, cluster) => {
    const { counts, count } = counting();
    const mailbox = await openPostgresql(options, NO_LIMITS, count, new Server(options, DAY), { silence: 50 });
    {
      using _frozen = await cluster.freeze();
      mailbox.store(client(1), numbered(1));
      await new Promise((resolve) => setTimeout(resolve)); // the commit begins in the next turn
      await mailbox[Symbol.asyncDispose]();
    }
    assertEquals(counts["messages_lost"], 1);
  },

  "a database that is read-only for a while holds mail up, and loses none": async (options) => {
    await using server = new Server(options);
    await using mailbox = await openPostgresql(options);
    const { database } = options;
    const readOnly = (isSo: boolean) =>
      server.run(async (sql) => {
        await sql`set default_transaction_read_only = off`;
        await sql.unsafe(`alter database ${database} set default_transaction_read_only = ${isSo ? "on" : "off"}`);
        await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = ${database} and pid <> pg_backend_pid()`;
      });
    await readOnly(true);
    mailbox.store(client(1), numbered(1));
    await eventually("the failure is known", () => /read-only/.test(mailbox.failure ?? ""));
    await readOnly(false).catch(() => readOnly(false)); // the pool's own connections may be among those that it ends
    await mailbox.flush();
    assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), [1]);
  },

  "what has expired leaves, counted once, and no gateway is in another's way": async (options) => {
    const { counts, count } = counting();
    await using server = new Server(options, DAY);
    const limits = { ...NO_LIMITS, timeToLive: 3_600_000 };
    await using here = await openPostgresql(options, limits, count, undefined, { sweep: DAY, tend: 20 });
    await using there = await openPostgresql(options, limits, count, undefined, { sweep: DAY, tend: 20 });
    for (const n of range(20)) here.store(client(n % 4), numbered(n));
    await here.flush();
    await server.run((sql) =>
      sql.begin(async (other) => { // a gateway that hangs while it does the same
        await other`select from nym_gateway.settings where name = 'tending' for update`;
        await other`select from nym_gateway.inboxes limit 1 for update`;
        await server.run((sql) => sql`update nym_gateway.chunks set stored = stored - interval '2 hours'`);
        await eventually("others' have expired", () => counts["messages_expired"] === 15);
      })
    );
    await eventually("all have expired", () => counts["messages_expired"] === 20);
    there.store(client(0), numbered(99));
    await there.flush();
    await eventually("the totals know", () => here.totals.messages === 1 && there.totals.messages === 1);
    assertEquals(await readNumbers(here.openInbox(client(0), ignore, ignore)), [99]);
  },

  "a backup that reads all tables holds up neither a start nor a commit, and old days are dropped after it": async (
    options,
  ) => {
    await (await openPostgresql(options))[Symbol.asyncDispose]();
    await using server = new Server(options, DAY);
    const days = async () => {
      const [row] = await server.run((sql) =>
        sql<{ n: string }[]>`select count(*) as n from pg_class where relname = 'tags_20200101'`
      );
      return Number(row!.n);
    };
    await server.run((sql) =>
      sql.unsafe(`create table nym_gateway.tags_20200101 partition of nym_gateway.tags
          for values from ('2020-01-01') to ('2020-01-02')`)
    );
    await using closing = new AsyncDisposableStack();
    await server.run((sql) =>
      sql.begin(async (backup) => {
        await backup`select count(*) from nym_gateway.tags`;
        const mailbox = closing.use(
          await openPostgresql(options, undefined, undefined, undefined, { tend: 20 }),
        );
        mailbox.store(client(1), numbered(1), crypto.getRandomValues(new Uint8Array(8)));
        await mailbox.flush();
        assertEquals([mailbox.failure, await days()], [undefined, 1]);
      })
    );
    await eventually("the old day is dropped", async () => await days() === 0, 120_000);
  },

  "the age of the oldest message is known, whichever leaves": async (options) => {
    await using server = new Server(options);
    await using here = await openPostgresql(options);
    for (const n of range(3)) {
      here.store(client(n), numbered(n));
      await here.flush();
    }
    await server.run((sql) =>
      sql`update nym_gateway.chunks set stored = now() - last_of.hours * interval '1 hour'
        from (select inbox, row_number() over (order by stored desc) - 1 as hours from nym_gateway.chunks) as last_of
        where chunks.inbox = last_of.inbox`
    );
    await using there = await openPostgresql(options, undefined, undefined, undefined, { tally: 20 });
    for (const hours of [2, 1, 0]) {
      await eventually(`it is ${hours} hours`, () => Math.floor(there.oldestAge / 3_600_000) === hours);
      const inbox = there.openInbox(client(2 - hours), ignore, ignore);
      inbox.confirm((await readAll(inbox)).at(-1)!.sequence);
      await there.flush();
    }
    await eventually("there is none", () => there.oldestAge === 0);
    here.store(client(3), numbered(3));
    await here.flush();
    await eventually("there is a new one", () => there.oldestAge > 0);
  },

  "a client that registers or leaves at one gateway is known or unknown at all": async (options) => {
    const opened = async () => {
      const server = new Server(options);
      const table = new PostgresqlLedgerTable(server);
      const ledger = await Ledger.over(table, testSealer(), ignore, limits);
      table.follow((change) => ledger.learn(change, change.isRemoved), ignore);
      return { ledger, server };
    };
    const limits = { registeredClients: 3, unusedRegistrationTime: 0 };
    await using _mailbox = await openPostgresql(options); // which migrates
    const { ledger: here, server: ours } = await opened();
    await using _ours = ours;
    await here.establish(client(1));
    await here.add(client(2));
    const { ledger: there, server: theirs } = await opened();
    await using _theirs = theirs;
    assert(there.has(client(1)) && there.has(client(2)));
    await there.add(client(3));
    await eventually("the other knows", () => here.has(client(3)));
    assertEquals(here.registeredAt(client(3)), there.registeredAt(client(3)));
    assertEquals(await here.add(client(4)), "new"); // in place of the one that never returned
    assert(!here.has(client(2)) && here.size === 3);
    await eventually("the other knows that too", () => !there.has(client(2)) && there.has(client(4)));
    there.isOnline = (id) => id === client(3);
    assertEquals(await here.add(client(5)), "new"); // in place of that one, until the other gateway keeps it
    await eventually("a client that is connected at the other stays registered", () => here.has(client(3)));
    assert(there.has(client(3)));
    const rows = await ours.run((sql) => sql<{ row: string }[]>`select c::text as row from nym_gateway.clients c`);
    assertEquals(rows.length, 5);
    for (const { row } of rows) for (const n of range(6)) assert(!row.includes(client(n)), "sealed");
  },

  "clients that could not be read when they registered elsewhere are known a while later": async (options) => {
    await using _mailbox = await openPostgresql(options); // which migrates
    await using ours = new Server(options);
    await using theirs = new Server(options);
    const open = (table: PostgresqlLedgerTable) =>
      Ledger.over(table, testSealer(), ignore, { registeredClients: 9, unusedRegistrationTime: 0 });
    using table = new PostgresqlLedgerTable(ours);
    const here = await open(table);
    const there = await open(new PostgresqlLedgerTable(theirs));
    await there.add(client(1)); // which is announced before the first one listens
    const run = ours.run.bind(ours);
    let fails = true;
    ours.run = (statement) => fails ? Promise.reject(new Error("statement timeout")) : run(statement);
    let failures = 0;
    const failed = () => {
      failures++;
      fails = false;
    };
    table.follow((change) => here.learn(change, change.isRemoved), failed);
    await eventually("it catches up", () => here.has(client(1)));
    fails = true;
    await there.add(client(2));
    await eventually("it reads the one that was announced", () => here.has(client(2)));
    assertEquals(failures, 2);
  },

  "a gateway that stops as it begins to listen does not complain about the ledger": async (options) => {
    await using _mailbox = await openPostgresql(options); // which migrates
    const server = new Server(options);
    const asked = Promise.withResolvers<void>();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const run = server.runAtOnce.bind(server);
    server.runAtOnce = async (statement) => {
      asked.resolve();
      await held;
      return await run(statement);
    };
    const complaints: unknown[] = [];
    new PostgresqlLedgerTable(server).follow(ignore, (error) => complaints.push(error));
    await asked.promise;
    await server[Symbol.asyncDispose]();
    release();
    for (const _ of range(5)) await assertRejects(() => server.run((sql) => sql`select 1`)); // until its own have failed too
    assertEquals(complaints, []);
  },

  "notifications of others, in whatever form, disturb no gateway": async (options) => {
    await using server = new Server(options);
    let [running, most, begun] = [0, 0, 0];
    let { promise: held, resolve: release } = Promise.withResolvers<void>();
    release();
    const run = server.run.bind(server);
    server.run = async (statement) => {
      most = Math.max(most, ++running);
      await held;
      return await run(statement).finally(() => running--);
    };
    const listen = server.listen.bind(server);
    server.listen = (channel, notified, listening) => listen(channel, notified, () => (begun++, listening()));
    await using mailbox = await openPostgresql(options, undefined, undefined, server, { sweep: DAY, tend: DAY });
    const table = new PostgresqlLedgerTable(server);
    const changed: string[] = [];
    table.follow(({ pseudonym }) => changed.push(pseudonym.toHex()), ignore);
    mailbox.openInbox(client(1), ignore, ignore);
    await mailbox.flush();
    await eventually("it listens", () => begun === 2);
    const others = new Server(options);
    await using _others = others;
    const notify = (channel: string, payload: string) =>
      others.run((sql) => sql`select pg_notify(${channel}::text, ${payload}::text)`);

    const clients = "nym_gateway_clients";
    for (const garbage of ["", "zz", "*", "abc", `${"ab".repeat(31)} x`, "'; --"]) await notify(clients, garbage);
    const random = new Random(1);
    const letters = [..."0123456789abcdef", "*", " ", ":", "-", "covers ", "\u{1f4a9}"];
    const nonsense = () => range(random.below(80)).map(() => random.pick(letters)).join("");
    for (let i = many(20, 20_000); i > 0; i--) await notify(clients, nonsense());
    await new PostgresqlLedgerTable(others).set([{ pseudonym: new Uint8Array(32).fill(7), sealed: new Uint8Array(1) }]);
    await eventually("the change is known", () => changed.length > 0);
    assertEquals([changed, begun], [["07".repeat(32)], 2], "it has never stopped listening");

    const [row] = await others.run((sql) =>
      sql<
        { home: string; hint: string }[]
      >`select home, left(encode(inbox, 'hex'), 32) as hint from nym_gateway.inboxes`
    );
    const own = `nym_gateway_${row!.home}`;
    let covers = 0;
    mailbox.pushCover = () => void covers++;
    ({ promise: held, resolve: release } = Promise.withResolvers<void>());
    most = 0;
    for (let i = many(30, 20_000); i > 0; i--) await notify(own, "*");
    for (let i = many(20, 20_000); i > 0; i--) await notify(own, nonsense());
    await notify(own, `covers ${row!.hint}:100000 ${row!.hint}:-1 ${row!.hint}:x ${row!.hint} :`);
    await eventually("the last one has come", () => covers > 0);
    release();
    assertEquals(covers, 64);
    assert(most < 10, "one sweep at a time, and perhaps a look at the totals");
  },

  "whatever happens at several gateways, clients get their messages in order, and nothing that they have confirmed":
    randomHistories,

  "whatever happens at gateways with a slow database, clients get each message once, and nothing is lost":
    slowHistories,

  "a client of 0.7.0 moves between gateways, one of which is killed, and loses nothing": nativeClientMoves,

  ...FAULTS,

  "gateways and the server are killed under load: nothing that was committed is lost or out of order": killUnderLoad,

  "a newer gateway's database, and another storage key's, are refused": async (options) => {
    await using server = new Server(options);
    await (await openPostgresql(options))[Symbol.asyncDispose]();
    const version = new TextEncoder().encode("999");
    await server.run((sql) => sql`update nym_gateway.settings set value = ${version} where name = 'version'`);
    const error = await openPostgresql(options, undefined, undefined, server).catch((error) => error);
    assert(/newer version/.test(error.message), error.message);
  },
};

Deno.test({
  name: "gateways that share a database",
  ignore: SKIPPED,
  fn: async (t) => {
    await using cluster = await Postgresql.start();
    for (const [name, test] of Object.entries(TESTS)) {
      await t.step(name, async () => test(await cluster.database(), cluster));
    }
  },
});
