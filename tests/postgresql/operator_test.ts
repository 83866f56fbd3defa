import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Counters } from "../../src/counting/counters.ts";
import { clientIdFromBase58 } from "../../src/mailbox/client_id.ts";
import { importInboxes } from "../../src/mailbox/import_070.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { unpackHome070 } from "../config/home_070.ts";
import { inspect } from "../../src/postgresql/inspection.ts";
import { PostgresqlLedgerTable } from "../../src/postgresql/ledger_table.ts";
import { migrate } from "../../src/postgresql/migrations.ts";
import { MovablePostgresql } from "../../src/postgresql/movable.ts";
import { provision } from "../../src/postgresql/provision.ts";
import { MIGRATIONS } from "../../src/postgresql/schema.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { PostgresqlStorage } from "../../src/postgresql/storage.ts";
import { client, numbered, range, readAll, readNumbers } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { outcomeOf, program } from "../cli/program.ts";
import { eventually } from "../support/eventually.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { Postgresql, SKIPPED } from "../support/postgresql.ts";
import { testSealer } from "../support/sealer.ts";

import { moveThereAndBack } from "./moving.ts";

const DAY = 86_400_000;
const ignore = () => {};

/** Statements of a gateway that somebody has taken over, which must fail: with least rights, and for that reason. */
const FORBIDDEN = [
  "create table nym_gateway.mine (a integer)",
  "create table public.mine (a integer)",
  "create temporary table mine (a integer)",
  "create schema mine",
  "drop table nym_gateway.chunks",
  "truncate nym_gateway.inboxes",
  "delete from nym_gateway.inboxes",
  "delete from nym_gateway.clients",
  "delete from nym_gateway.tags",
  "delete from nym_gateway.gateways",
  "update nym_gateway.settings set value = ''",
  "delete from nym_gateway.settings",
  "update nym_gateway.chunks set body = ''",
  "alter table nym_gateway.inboxes add a integer",
  "create or replace function nym_gateway.tend(p_days integer) returns void language sql as 'select'",
  "alter role least createdb",
  "create role other",
];

/** Each with the administrator's login. */
const TESTS: Record<string, (admin: ServerOptions, cluster: Postgresql) => Promise<void>> = {
  "a role with least rights is all that a gateway needs, and may do nothing else": async (admin) => {
    const wanted = { user: "least", database: "of least" };
    const first = await provision(admin, wanted, "secret");
    assertEquals(first, {
      isNewRole: true,
      isNewDatabase: true,
      before: 0,
      version: MIGRATIONS.length,
      excess: undefined,
    });
    const again = await provision(admin, wanted, undefined);
    assertEquals([again.isNewRole, again.isNewDatabase, again.before], [false, false, MIGRATIONS.length]);

    const least = { ...admin, ...wanted };
    const limits = { ...NO_LIMITS, timeToLive: DAY };
    {
      await using mailbox = await openPostgresql(least, limits);
      for (const n of range(3)) mailbox.store(client(1), numbered(n), new Uint8Array(16).fill(n));
      await mailbox.flush();
      assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), range(3));
    }
    await using server = new Server(least);
    const parts = await server.run((sql) =>
      sql<{ part: string }[]>`select c.relname as part from pg_inherits join pg_class c on c.oid = inhrelid
        where inhparent = 'nym_gateway.tags'::regclass and c.relname ~ '^tags_'`
    );
    assertEquals(parts.length, 3, "a gateway makes partitions, through the owner's function");
    for (const statement of FORBIDDEN) {
      const refusal: Error = await server.run((sql) => sql.unsafe(statement)).then(
        () => Promise.reject(new Error(`it may: ${statement}`)),
        (error) => error,
      );
      assertEquals(refusal.cause, "42501", `${statement}: ${refusal.message}`);
    }
    const found = await inspect(least, testSealer());
    assertEquals([found.hasRights, found.mayMigrate, found.excess, found.isOurs], [true, false, undefined, true]);
  },

  "the command says what it did and what to configure, and never the password": async (admin) => {
    using folder = new TemporaryFolder();
    Deno.writeTextFileSync(folder.file("password"), "a long secret\n", { mode: 0o600 });
    const { host, port } = admin.hosts[0]!;
    const url = (user: string, database: string) =>
      `postgres://${user}@${encodeURIComponent(host)}:${port}/${database}`;
    const options = ["--url", url("told", "told"), "--password-file", folder.file("password")];
    const init = () => {
      const args = ["storage", "init", ...options, "--admin-url", url(admin.user, admin.database)];
      return outcomeOf(program("gateway_program.ts", args, {}));
    };
    const { code, stdout, stderr } = await init();
    assertEquals([code, stderr], [0, ""]);
    assertMatch(
      stdout,
      /^ Created the role told, with the password in the file\.\n Created the database told, in which only/,
    );
    assertMatch(
      stdout,
      /\n Created the schema nym_gateway, version \d+\.\n In it, told may do what a gateway needs, and no more\.\n/,
    );
    assertMatch(
      stdout,
      /\n {4}\[storage\]\n {4}kind = "postgresql"\n {4}url = "postgres:\/\/told@.+\n {4}password_file = /,
    );
    const again = await init();
    assertMatch(again.stdout, /^ There is the role told,.+\n There is the database told\.\n The schema .+ already\.\n/);
    const refused = await outcomeOf(program("gateway_program.ts", ["storage", "init", ...options], {}));
    assertEquals(refused.code, 74);
    assertMatch(refused.stderr, /^error: Cannot prepare the database as .+; run it as the user postgres/);
    for (const text of [stdout, again.stdout, refused.stderr]) assert(!text.includes("a long secret"), text);
  },

  "mail moves into a database and back, interrupted everywhere, and none is lost or out of order": moveThereAndBack,

  "while a move verifies and empties the database, no gateway stores or registers anything": async (admin) => {
    const wanted = { user: "emptying", database: "emptying" };
    await provision(admin, wanted, undefined);
    const options = { ...admin, ...wanted };
    {
      await using mailbox = await openPostgresql(options);
      for (const n of range(2)) mailbox.store(client(n), numbered(n));
      await mailbox.flush();
    }
    await using parts = new AsyncDisposableStack();
    await using movable = await MovablePostgresql.open(options, testSealer());
    await assertRejects(
      () => movable.clear(() => Promise.reject(new Error("one is missing"))),
      Error,
      "one is missing",
    );
    assertEquals((await movable.figures()).messages, 2);
    const open = async () => {
      const limits = { registeredClients: Infinity, unusedRegistrationTime: DAY };
      await using _storage = await PostgresqlStorage.open(options, testSealer(), ignore, limits);
    };
    const isMovedAway = async () => (await inspect(options, testSealer())).isMovedAway;
    await open();
    const late = await movable.clear(async () => {
      await assertRejects(open, Error, "`nym-gateway storage move` is taking its mail elsewhere");
      // One that has looked just before that.
      const server = new Server(options, 300);
      const mailbox = parts.use(await openPostgresql(options, NO_LIMITS, ignore, server));
      mailbox.store(client(1), numbered(7));
      await eventually("its commit waits in vain", () => mailbox.failure !== undefined);
      const entry = { pseudonym: new Uint8Array(32), sealed: new Uint8Array(1) };
      await assertRejects(() => new PostgresqlLedgerTable(server).set([entry]), Error);
      await using backup = new Server(options, 300);
      await backup.run((sql) => sql`select from nym_gateway.clients, nym_gateway.gateways`);
      return mailbox;
    });
    await late.flush();
    assertEquals(await readNumbers(late.openInbox(client(0), ignore, ignore)), []);
    assertEquals(await readNumbers(late.openInbox(client(1), ignore, ignore)), [7]);

    await assertRejects(open, Error, "its mail was moved into a gateway's files");
    assertEquals(await isMovedAway(), true);
    await movable.finish(); // which ends the way there
    await open();
    assertEquals(await isMovedAway(), false);
  },

  "a 0.7.0 gateway's inboxes are taken over into a database, and what does not fit stays": async (options) => {
    using folder = new TemporaryFolder();
    await unpackHome070(folder.path);
    const inboxes = folder.file(".nym/gateways/supergateway/data/inboxes");
    using ledger = await Ledger.open(folder.file("ledger.kv"), testSealer());
    const address = "63v4AciABNh3af7zMUkTt3PKe1a8Jo5J47t9xDHSgBBn";
    const files = [...Deno.readDirSync(`${inboxes}/${address}`)].map(({ name }) => `${inboxes}/${address}/${name}`);
    const written = (path: string) => Deno.statSync(path).mtime!.getTime();
    files.sort((a, b) => written(a) - written(b) || (a < b ? -1 : 1));
    const expected = files.map((path) => Deno.readFileSync(path).toHex());
    const stored: number[] = [];
    for (const inboxMessages of [3, 9]) {
      const counters = new Counters();
      await using mailbox = await openPostgresql(options, { ...NO_LIMITS, inboxMessages }, counters.add);
      stored.push(await importInboxes(inboxes, mailbox, ledger, () => counters.get("messages_stored")));
      const messages = await readAll(mailbox.openInbox(clientIdFromBase58(address)!, ignore, ignore));
      assertEquals(messages.map(({ message }) => message.toHex()), expected.slice(0, inboxMessages));
    }
    assertEquals(stored, [6, 3]);
  },

  "without a right, and with too many, is seen": async (admin) => {
    await provision(admin, { user: "lacking", database: "lacking" }, undefined);
    const lacking = { ...admin, user: "lacking", database: "lacking" };
    await using server = new Server({ ...admin, database: "lacking" });
    await server.run((sql) => sql.unsafe("revoke delete on nym_gateway.chunks from lacking"));
    assertEquals((await inspect(lacking, testSealer())).hasRights, false);
    await server.run((sql) => sql.unsafe("alter role lacking createrole"));
    assertMatch((await inspect(lacking, testSealer())).excess!, /create roles/);
    assertMatch((await provision(admin, { user: "lacking", database: "lacking" }, undefined)).excess!, /create roles/);
    assertEquals((await inspect(lacking, testSealer())).hasRights, true);
  },

  "what a role without rights creates runs neither as the gateway nor as the administrator": async (admin) => {
    const wanted = { user: "unaware", database: "not alone" };
    await provision(admin, wanted, undefined);
    const owner = { ...admin, database: wanted.database };
    {
      // Everybody may create things in "public" where PostgreSQL 14 or older made the database, or what it was copied from.
      await using server = new Server(owner);
      await server.run((sql) =>
        sql.unsafe(`create role stranger login; grant connect on database "not alone" to stranger;
          grant create on schema public to public; set role stranger;
          create table public.caught (as_whom text); grant insert on public.caught to public;
          create function public.times(numeric, integer) returns numeric language plpgsql as
            'begin insert into public.caught values (current_user); return $1; end';
          create operator public.* (leftarg = numeric, rightarg = integer, function = public.times);
          create function public.has_database_privilege(oid, name, text) returns boolean language plpgsql as
            'begin insert into public.caught values (current_user); return true; end'; reset role`)
      );
    }
    {
      await using _mailbox = await openPostgresql({ ...admin, ...wanted });
    }
    await provision(admin, wanted, undefined);
    await using server = new Server(owner);
    assertEquals([...await server.run((sql) => sql`select as_whom from public.caught`)], []);
  },

  "an older schema is brought up to date by its owner, and refused by others, who say what to do": async (admin) => {
    const wanted = { user: "later", database: "later" };
    await provision(admin, wanted, undefined);
    const owner = { ...admin, database: "later" };
    const later = { ...admin, ...wanted };
    const refusal = async () => {
      await using server = new Server(later);
      return await migrate(server, testSealer()).then(() => "none", ({ message }) => message);
    };
    assertEquals(await refusal(), "none");
    await using server = new Server(owner);
    await server.run((sql) => sql.unsafe("drop schema nym_gateway cascade"));
    assertMatch(await refusal(), /^it has no schema yet: `nym-gateway storage init`/);
    assertEquals((await inspect(later, testSealer())).mayMigrate, false);
    assertEquals((await provision(admin, wanted, undefined)).before, 0);
    const set = (version: string) => {
      const value = new TextEncoder().encode(version);
      return server.run((sql) => sql`update nym_gateway.settings set value = ${value} where name = 'version'`);
    };
    await set(String(MIGRATIONS.length - 1));
    assertMatch(await refusal(), /: `nym-gateway storage init` changes that$/);
    await set(String(MIGRATIONS.length + 1));
    assertMatch(await refusal(), /a newer version of the gateway/);
    assert(await provision(admin, wanted, undefined).then(() => false, ({ message }) => /newer/.test(message)));
  },
};

Deno.test({
  name: "a database and its operator",
  ignore: SKIPPED,
  fn: async (t) => {
    await using cluster = await Postgresql.start();
    for (const [name, test] of Object.entries(TESTS)) {
      await t.step(name, async () => await test(await cluster.database(), cluster));
    }
  },
});
