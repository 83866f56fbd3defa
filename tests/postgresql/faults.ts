import { assert, assertEquals } from "@std/assert";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Server, type ServerOptions, type Sql } from "../../src/postgresql/server.ts";
import { TextLineStream } from "../bench/lines.ts";
import { canMount, SmallDisk } from "../faults/small_disk.ts";
import { client, numbered, range, readAll, readNumbers } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { eventually } from "../support/eventually.ts";
import type { Postgresql } from "../support/postgresql.ts";
import { Relay } from "../support/relay.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { counting, Watching } from "./watching.ts";

const DAY = 86_400_000;
const ignore = () => {};

/** Tests of faults of the database and of gateways; each gets a new database. */
export const FAULTS: Record<string, (options: ServerOptions, cluster: Postgresql) => Promise<void>> = {
  "a connection that is cut between a commit and its answer stores nothing twice": async (options, cluster) => {
    await using relay = new Relay({ transport: "unix", path: cluster.socket });
    const hosts = [{ host: "127.0.0.1", port: relay.port }];
    const { counts, count } = counting();
    await using mailbox = await openPostgresql({ ...options, hosts }, NO_LIMITS, count);
    const tag = (n: number) => new Uint8Array(16).fill(n + 1);
    const watching = new Watching(mailbox, 1);
    for (const n of range(5)) mailbox.store(client(1), numbered(n), tag(n));
    await mailbox.flush();
    await using server = new Server(options);
    const stored = async () => {
      const [row] = await server.run((sql) => sql<{ n: string }[]>`select sum(messages) as n from nym_gateway.chunks`);
      return Number(row!.n);
    };
    relay.longestAnswered = 4000; // the commit of five messages of 1,000 bytes is longer, and all else is shorter
    for (const n of range(5, 5)) mailbox.store(client(1), numbered(n, 1000), tag(n));
    await eventually("all are stored", async () => await stored() === 10, 120_000);
    assertEquals(counts["messages_stored"], 5);
    relay.longestAnswered = Infinity;
    relay.cut();
    await mailbox.flush();
    await eventually("all have come", () => watching.got.length >= 10);
    assertEquals([watching.got, await stored()], [range(10), 10]);
    assertEquals([counts["messages_stored"], counts["packets_dropped_replayed"]], [10, undefined]);
  },

  "a gateway that is cut off from the database goes on for clients that are online, and loses nothing": async (
    options,
    cluster,
  ) => {
    await using relay = new Relay({ transport: "unix", path: cluster.socket });
    const hosts = [{ host: "127.0.0.1", port: relay.port }];
    await using here = await openPostgresql({ ...options, hosts });
    await using there = await openPostgresql(options);
    const watching = new Watching(here, 1);
    await here.flush();
    relay.isClosed = true;
    relay.cut();
    for (const n of range(20)) here.store(client(n % 2), numbered(n));
    await eventually("mail for the client that is online has come", () => watching.got.length === 10);
    there.store(client(1), numbered(20)); // the other one goes on as ever
    await there.flush();
    relay.isClosed = false;
    await here.flush();
    assertEquals(here.failure, undefined);
    await eventually("the other's has come too", () => watching.got.includes(20));
    assertEquals(new Set(watching.got), new Set([...range(10).map((i) => 2 * i + 1), 20]));
    assertEquals(await readNumbers(there.openInbox(client(0), ignore, ignore)), range(10).map((i) => 2 * i));
  },

  "a database that is slow holds up nobody who is online, and what is handed out early comes once": async (
    options,
    cluster,
  ) => {
    await using relay = new Relay({ transport: "unix", path: cluster.socket });
    const hosts = [{ host: "127.0.0.1", port: relay.port }];
    const { counts, count } = counting();
    const patient = new Server({ ...options, hosts }, DAY);
    await using here = await openPostgresql({ ...options, hosts }, NO_LIMITS, count, patient, { slow: 5 });
    await using there = await openPostgresql(options, NO_LIMITS, count);
    const tag = (n: number) => new Uint8Array(16).fill(n + 1);
    const watching = new Watching(here, 1);
    await here.flush();
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    relay.answering = () => answered;
    for (const n of range(20)) here.store(client(n % 2), numbered(n), tag(n));
    const odd = range(10).map((i) => 2 * i + 1);
    await eventually("mail for the client that is online has come", () => watching.got.length === 10);
    for (const n of range(10, 20)) here.store(client(1), numbered(n), tag(n));
    await eventually("so has what came in meanwhile", () => watching.got.length === 20);
    there.store(client(1), numbered(30), tag(30)); // which gets its number first
    await there.flush();
    watching.inbox.confirm(watching.last - 5); // ten that are under way, and five that need not be stored
    while (here.room() === undefined) here.store(client(2), numbered(here.waiting));
    assertEquals([here.waiting, here.failure, counts["messages_stored"]], [8192, undefined, 1]);
    answer();
    await here.flush();
    await eventually("the other gateway's has come", () => watching.got.length > 20);
    assertEquals(watching.got, [...odd, ...range(10, 20), 30]);
    assertEquals(new Set(watching.numbers).size, 21);
    assert(watching.numbers.slice(0, 20).every((number) => number > 2 ** 52), "no committed message has such numbers");
    await here.flush();
    for (const n of [0, 20, 29]) there.store(client(1), numbered(n), tag(n));
    await there.flush();
    assertEquals(counts["packets_dropped_replayed"], 3);
    watching.inbox.confirm(watching.last);
    await here.flush();
    assertEquals(await readNumbers(there.openInbox(client(1), ignore, ignore)), []);
    assertEquals(await readNumbers(there.openInbox(client(0), ignore, ignore)), range(10).map((i) => 2 * i));
    assertEquals((await readAll(there.openInbox(client(2), ignore, ignore))).length, 8192 - 25);
  },

  "logins and confirmations work with a database that is slow, however many come at once": async (options, cluster) => {
    await using relay = new Relay({ transport: "unix", path: cluster.socket });
    const hosts = [{ host: "127.0.0.1", port: relay.port }];
    await using there = await openPostgresql(options);
    for (const n of range(40)) there.store(client(n % 20), numbered(n));
    await there.flush();
    await using here = await openPostgresql({ ...options, hosts }, NO_LIMITS, () => {}, undefined, { slow: 5 });
    relay.answering = () => new Promise((resolve) => setTimeout(resolve, 50));
    const all = range(20).map((n) => new Watching(here, n));
    await eventually("each has its mail", () => all.every(({ got }) => got.length === 2));
    for (const each of all) each.inbox.confirm(each.last);
    await here.flush();
    relay.answering = () => undefined;
    assertEquals(all.map(({ got }) => got), range(20).map((n) => [n, n + 20]));
    for (const n of range(20)) assertEquals(await readNumbers(there.openInbox(client(n), ignore, ignore)), []);
  },

  "what a client has confirmed before its commit, and before it left, does not come back": async (options, cluster) => {
    await using relay = new Relay({ transport: "unix", path: cluster.socket });
    const hosts = [{ host: "127.0.0.1", port: relay.port }];
    const patient = new Server({ ...options, hosts }, DAY);
    await using mailbox = await openPostgresql({ ...options, hosts }, NO_LIMITS, () => {}, patient, { slow: 5 });
    const watching = new Watching(mailbox, 1);
    await mailbox.flush();
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    relay.answering = () => answered;
    for (const n of range(5)) mailbox.store(client(1), numbered(n));
    await eventually("all have come", () => watching.got.length === 5);
    watching.inbox.confirm(watching.last - 2);
    watching.inbox.close();
    const again = new Watching(mailbox, 1);
    answer();
    await mailbox.flush();
    await eventually("the rest has come", () => again.got.length === 2);
    assertEquals(again.got, [3, 4]);
  },

  "statements that hang don't hold up commits": async (options) => {
    const { counts, count } = counting();
    const server = new Server(options, DAY);
    await using mailbox = await openPostgresql(options, NO_LIMITS, count, server);
    await using other = new Server(options, DAY);
    const lock = (sql: Sql) => sql`select pg_advisory_xact_lock(1)`;
    const locked = Promise.withResolvers<void>();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const locking = other.run((sql) =>
      sql.begin(async (sql) => {
        await lock(sql);
        locked.resolve();
        await held;
      })
    );
    await locked.promise;
    const hanging = range(10).map(() => server.run(lock));
    mailbox.store(client(1), numbered(1));
    await eventually("it is committed", () => counts["messages_stored"] === 1);
    release();
    await Promise.all([locking, ...hanging]);
  },

  "a gateway that stops as it begins to listen leaves no session": async (options, cluster) => {
    await using relay = new Relay({ transport: "unix", path: cluster.socket });
    await using watching = new Server(options);
    const listening = async () => {
      const [row] = await watching.run((sql) =>
        sql<{ n: string }[]>`select count(*) as n from pg_stat_activity
          where datname = current_database() and query like 'listen "%'`
      );
      return Number(row!.n);
    };
    const server = new Server({ ...options, hosts: [{ host: "127.0.0.1", port: relay.port }] });
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const logsIn = Promise.withResolvers<void>();
    relay.answering = () => {
      logsIn.resolve();
      return held;
    };
    for (const channel of ["one", "two"]) server.listen(channel, ignore, ignore);
    await logsIn.promise;
    const ended = server[Symbol.asyncDispose]();
    release();
    await ended;
    await eventually("it has ended", async () => await listening() === 0);
    for (const _ of range(300)) assertEquals(await listening(), 0, "it connects again"); // after 0.1 s, if it does
  },

  "a standby that does not know the database yet is skipped": async (options, cluster) => {
    using lagging = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const answering = (async () => {
      for await (const connection of lagging) {
        using _ = connection;
        await connection.read(new Uint8Array(1024));
        const fields = ["SFATAL", "C3D000", 'Mdatabase "mail" does not exist', ""].join("\0") + "\0";
        const error = new Uint8Array([0x45, 0, 0, 0, 4 + fields.length, ...new TextEncoder().encode(fields)]);
        await connection.write(error);
      }
    })();
    await using relay = new Relay({ transport: "unix", path: cluster.socket });
    const hosts = [lagging.addr.port, lagging.addr.port, relay.port].map((port) => ({ host: "127.0.0.1", port }));
    {
      await using server = new Server({ ...options, hosts });
      const [row] = await server.run((sql) => sql<{ name: string }[]>`select current_database() as name`);
      assertEquals(row!.name, options.database);
    }
    await using known = new Server({ ...options, hosts: hosts.slice(0, 2) });
    const error: Error = await known.run((sql) => sql`select 1`).then(
      () => new Error("it was found"),
      (error) => error,
    );
    assertEquals(error.message, 'database "mail" does not exist');
    lagging.close();
    await answering;
  },

  "a gateway that is frozen, and goes on after a newer login elsewhere, does no harm": async (options) => {
    await using mailbox = await openPostgresql(options);
    for (const n of range(5)) mailbox.store(client(1), numbered(n));
    await mailbox.flush();
    const child = new URL("frozen_child.ts", import.meta.url).pathname;
    const args = ["run", "--no-check", "--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
    await using frozen = new Deno.Command(Deno.execPath(), {
      args: [...args, child, JSON.stringify([options, 6])],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = frozen.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())[
      Symbol.asyncIterator
    ]();
    assertEquals((await lines.next()).value, "5");

    frozen.kill("SIGSTOP");
    const confirm = frozen.stdin.getWriter();
    await confirm.write(new TextEncoder().encode("confirm\n"));
    mailbox.store(client(1), numbered(5));
    const watching = new Watching(mailbox, 1);
    await eventually("the newer login has all", () => watching.got.length === 6);
    watching.inbox.confirm(watching.last - 4); // two of six
    await mailbox.flush();
    frozen.kill("SIGCONT");
    assertEquals((await lines.next()).value, "confirmed");
    await confirm.close();
    await eventually("what it has stored has come", () => watching.got.length === 7);
    assertEquals([watching.got, watching.isSuperseded], [range(7), false]);
    assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), range(5, 2));
  },

  ...(canMount && {
    "a database whose disk is full holds mail up, and loses none": async (_, cluster) => {
      using folder = new TemporaryFolder();
      await using disk = await SmallDisk.mount(folder.path, 24);
      const space = folder.file("space");
      Deno.mkdirSync(space, { mode: 0o700 });
      const { uid, gid } = Deno.statSync(cluster.socket);
      for (const path of [folder.path, space]) Deno.chownSync(path, uid, gid);
      const options = await cluster.database(space);
      {
        const { counts, count } = counting();
        await using mailbox = await openPostgresql(options, NO_LIMITS, count);
        const watching = new Watching(mailbox, 0);
        await mailbox.flush();
        await disk.fill();
        let sent = 0;
        while (mailbox.failure === undefined && sent < 5000) {
          for (let i = 0; i < 50; i++) mailbox.store(client(sent % 2), numbered(sent++, 1000));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        assertEquals(/No space left|could not extend/.test(mailbox.failure ?? ""), true, mailbox.failure);
        const mine = range(sent).filter((n) => n % 2 === 0);
        await eventually("mail for the client that is online has come", () => watching.got.length >= mine.length);
        await disk.free();
        await mailbox.flush();
        assertEquals(new Set(watching.got), new Set(mine));
        assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore, ignore)), mine.map((n) => n + 1));
        assertEquals(counts["messages_lost"], undefined);
      }
      await cluster.drop(options);
    },
  }),
};
