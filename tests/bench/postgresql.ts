// deno-lint-ignore-file no-console -- a command
/**
 * Measures the store in PostgreSQL, with a server of its own that syncs each commit, and two gateways' stores in processes
 * of their own: `deno run --allow-all tests/bench/postgresql.ts [stored messages]`.
 */
import { resourceUsage } from "node:process";
import type { ServerOptions } from "../../src/postgresql/server.ts";
import { Server } from "../../src/postgresql/server.ts";
import { client, numbered, range } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { Postgresql } from "../support/postgresql.ts";

const SIZE = 560;
const SECONDS = 5;

if (Deno.args[0] === "write") await write(JSON.parse(Deno.args[1]!), Number(Deno.args[2]), Number(Deno.args[3]));
else await measure(Number(Deno.args[0] ?? 200_000));

/** A gateway that stores as fast as it can, for this many clients; prints messages, seconds and processor time. */
async function write(options: ServerOptions, clients: number, seconds: number): Promise<void> {
  await using mailbox = await openPostgresql(options);
  const tag = new Uint8Array(8);
  const begin = performance.now();
  const before = resourceUsage();
  let stored = 0;
  while (performance.now() - begin < 1000 * seconds) {
    for (let i = 0; i < 500 && mailbox.room() === undefined; i++) {
      crypto.getRandomValues(tag);
      mailbox.store(client(stored % clients), numbered(stored++, SIZE), tag);
    }
    await (mailbox.room() ?? new Promise((resolve) => setTimeout(resolve)));
  }
  await mailbox.flush();
  const took = (performance.now() - begin) / 1000;
  const { userCPUTime, systemCPUTime } = resourceUsage();
  const processor = userCPUTime + systemCPUTime - before.userCPUTime - before.systemCPUTime;
  console.log(JSON.stringify({ stored, took, processor }));
}

async function measure(stored: number): Promise<void> {
  await using cluster = await Postgresql.start({ fsync: "on", shared_buffers: "256MB", max_wal_size: "4GB" });
  for (const clients of [500, 50]) {
    const before = cluster.processorTime;
    const options = await cluster.database();
    const writers = range(2).map(() =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--allow-all",
          import.meta.filename!,
          "write",
          JSON.stringify(options),
          `${clients}`,
          `${SECONDS}`,
        ],
        stdout: "piped",
        stderr: "inherit",
      }).output()
    );
    const results = (await Promise.all(writers)).map(({ stdout }) => JSON.parse(new TextDecoder().decode(stdout)));
    const rate = results.reduce((sum, { stored, took }) => sum + stored / took, 0);
    const server = 1e6 * (cluster.processorTime - before) / results.reduce((sum, { stored }) => sum + stored, 0);
    const each = results.reduce((sum, { stored, processor }) => sum + processor / stored, 0) / 2;
    console.log(
      `${clients} inboxes: ${rate.toFixed(0)} messages a second, ${each.toFixed(1)} µs of a gateway's processor each, ${
        server.toFixed(1)
      } of the server's`,
    );
  }
  await measureClients(await cluster.database(), stored);
}

/** With this many messages stored, ten for each client: logins, confirmations, and mail to a client at a sibling. */
async function measureClients(options: ServerOptions, stored: number): Promise<void> {
  await using here = await openPostgresql(options);
  await using there = await openPostgresql(options);
  for (let at = 0; at < stored; at += 5000) {
    for (let i = 0; i < 5000; i++) here.store(client(Math.floor((at + i) / 10)), numbered(at + i, SIZE));
    await here.flush();
  }
  await using server = new Server(options);
  await server.run((sql) => sql.unsafe("vacuum analyze nym_gateway.inboxes, nym_gateway.chunks"));
  const logins: number[] = [];
  const confirmations: number[] = [];
  const nudges: number[] = [];
  for (const i of range(1000)) {
    const id = client(i * Math.floor(stored / 10_000));
    let nudged = Promise.withResolvers<void>();
    let begin = performance.now();
    const inbox = there.openInbox(id, () => nudged.resolve(), () => {});
    const messages = await inbox.next();
    logins.push(performance.now() - begin);
    begin = performance.now();
    inbox.confirm(messages.at(-1)!.sequence);
    await there.flush();
    confirmations.push(performance.now() - begin);
    nudged = Promise.withResolvers();
    begin = performance.now();
    here.store(id, numbered(1, SIZE));
    await nudged.promise;
    const [message] = await inbox.next();
    nudges.push(performance.now() - begin);
    inbox.confirm(message!.sequence);
    inbox.close();
  }
  console.log(`with ${stored} stored, p50 / p99 in ms:`);
  console.log(`login and an inbox of 10: ${percentiles(logins)}; confirming it: ${percentiles(confirmations)}`);
  console.log(`a message to a client at a sibling: ${percentiles(nudges)}`);
  const [row] = await server.run((sql) =>
    sql<{ size: string }[]>`select pg_size_pretty(sum(pg_total_relation_size(oid))) as size
      from pg_class where relnamespace = 'nym_gateway'::regnamespace and relkind = 'r'`
  );
  console.log(`the tables take ${row!.size}`);
}

function percentiles(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)]!.toFixed(2);
  return `${at(0.5)} / ${at(0.99)}`;
}
