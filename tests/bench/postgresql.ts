// deno-lint-ignore-file no-console -- a command
/**
 * Measures the store in PostgreSQL, with a server of its own that syncs each commit, and two gateways' stores in processes
 * of their own: `deno run --allow-all tests/bench/postgresql.ts [stored messages] [--save]`. With `--save` it replaces
 * results/postgresql.md.
 */
import { resourceUsage } from "node:process";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import type { MessageStore } from "../../src/mailbox/message_store.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { client, numbered, range } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { Postgresql } from "../support/postgresql.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { describeMachine } from "./machine.ts";

const SIZE = 560;
const SECONDS = 5;
const LOGINS = 1000;

/** What a child does as fast as it can: "tags" are of packets with nothing to store. */
type Work = "store" | "tags";

/** What a child has done. */
interface Done {
  readonly count: number;
  /** s */
  readonly took: number;
  /** µs of its processor */
  readonly processor: number;
}

/** A line of the table. */
interface Row {
  readonly measure: string;
  readonly found: string;
  readonly aim: string;
  readonly isReached: boolean | undefined;
}

if (Deno.args[0] === "child") await work(...JSON.parse(Deno.args[1]!) as Parameters<typeof work>);
else await main();

/** Stores, or remembers tags, for some seconds; prints what it has done. Without `options`: in an embedded store. */
async function work(options: ServerOptions | null, work: Work, clients: number): Promise<void> {
  using folder = new TemporaryFolder();
  await using mailbox: MessageStore = options === null
    ? await Mailbox.open(folder.file("mailbox.kv"), testSealer(), () => {}, undefined, undefined, NO_LIMITS)
    : await openPostgresql(options);
  const tag = new Uint8Array(8);
  const begin = performance.now();
  const before = resourceUsage();
  let count = 0;
  let admitted = 0;
  while (performance.now() - begin < 1000 * SECONDS) {
    for (let i = 0; i < 500 && mailbox.room() === undefined && count - admitted < 8000; i++) {
      crypto.getRandomValues(tag);
      if (work === "store") mailbox.store(client(count % clients), numbered(count, SIZE), tag);
      else mailbox.admit!(tag, () => admitted++);
      count++;
      if (work === "store") admitted++;
    }
    await (mailbox.room() ?? new Promise((resolve) => setTimeout(resolve)));
  }
  await mailbox.flush();
  const took = (performance.now() - begin) / 1000;
  const { userCPUTime, systemCPUTime } = resourceUsage();
  const processor = userCPUTime + systemCPUTime - before.userCPUTime - before.systemCPUTime;
  console.log(JSON.stringify({ count, took, processor } satisfies Done));
}

async function children(n: number, ...args: Parameters<typeof work>): Promise<Done[]> {
  const outputs = range(n).map(() =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", import.meta.filename!, "child", JSON.stringify(args)],
      stdout: "piped",
      stderr: "inherit",
    }).output()
  );
  return (await Promise.all(outputs)).map(({ stdout }) => JSON.parse(new TextDecoder().decode(stdout)));
}

async function main(): Promise<void> {
  const stored = Number(Deno.args.find((arg) => /^\d+$/.test(arg)) ?? 200_000);
  await using cluster = await Postgresql.start({ fsync: "on", shared_buffers: "256MB", max_wal_size: "4GB" });
  const rows = [
    ...await measureStoring(cluster, 500, 25_000),
    ...await measureStoring(cluster, 50, 15_000),
    await measureTags(cluster),
    ...await measureClients(await cluster.database(), stored),
  ];
  const lines = rows.map(({ measure, found, aim, isReached }) =>
    `| ${measure} | ${found} | ${aim} | ${isReached === undefined ? "–" : isReached ? "yes" : "no"} |`
  );
  const { processor, cores, kernel, deno } = await describeMachine();
  const [load] = Deno.loadavg();
  const text = `# The store in PostgreSQL

Measured by \`deno run --allow-all tests/bench/postgresql.ts ${stored} --save\` on ${
    new Date().toISOString().slice(0, 10)
  }: ${processor}, ${cores} cores, shared by the server, which syncs each commit, and two gateways' stores; ${kernel}, Deno ${deno}; load average at the end ${
    load!.toFixed(1)
  }${
    load! > 2 * cores ? ", so that other programs had most of the machine" : ""
  }. Messages have ${SIZE} bytes. Unwrapping is not included.

| measure | measured | to reach | reached |
| --- | --: | --: | --: |
${lines.join("\n")}
`;
  console.log(text);
  if (Deno.args.includes("--save")) await Deno.writeTextFile(new URL("results/postgresql.md", import.meta.url), text);
}

/** Two gateways that store for this many clients, beside one with an embedded store. */
async function measureStoring(cluster: Postgresql, clients: number, aim: number): Promise<Row[]> {
  const before = cluster.processorTime;
  const results = await children(2, await cluster.database(), "store", clients);
  const all = total(results);
  const server = 1e6 * (cluster.processorTime - before) / all.count;
  const own = all.processor / all.count;
  const embedded = total(await children(1, null, "store", clients));
  const factor = own / (embedded.processor / embedded.count);
  return [
    {
      measure: `messages committed a second, two gateways, ${clients} inboxes`,
      found: all.rate.toFixed(0),
      aim: `≥ ${aim}`,
      isReached: all.rate >= aim,
    },
    {
      measure: `µs of the gateways' processor a message, ${clients} inboxes; ÷ that of the embedded store`,
      found: `${own.toFixed(1)}; ${factor.toFixed(2)}`,
      aim: "≤ 1.25",
      isReached: factor <= 1.25,
    },
    {
      measure: `µs of the server's processor a message, ${clients} inboxes`,
      found: server.toFixed(1),
      aim: "–",
      isReached: undefined,
    },
  ];
}

async function measureTags(cluster: Postgresql): Promise<Row> {
  const { rate } = total(await children(2, await cluster.database(), "tags", 0));
  return {
    measure: "packets with nothing to store, remembered a second, two gateways",
    found: rate.toFixed(0),
    aim: "≥ 50000",
    isReached: rate >= 50_000,
  };
}

function total(results: readonly Done[]): { count: number; processor: number; rate: number } {
  const sum = (of: (done: Done) => number) => results.reduce((all, done) => all + of(done), 0);
  return { count: sum(({ count }) => count), processor: sum((done) => done.processor), rate: sum(rateOf) };
}

function rateOf({ count, took }: Done): number {
  return count / took;
}

/** With this many messages stored, ten for each client: logins, confirmations, and mail to a client at a sibling. */
async function measureClients(options: ServerOptions, stored: number): Promise<Row[]> {
  await using here = await openPostgresql(options);
  await using there = await openPostgresql(options);
  for (let at = 0; at < stored; at += 5000) {
    for (let i = 0; i < 5000; i++) here.store(client(Math.floor((at + i) / 10)), numbered(at + i, SIZE));
    await here.flush();
  }
  await using server = new Server(options, 600_000);
  const begin = performance.now();
  await server.run((sql) => sql.unsafe("vacuum analyze nym_gateway.inboxes, nym_gateway.chunks"));
  const vacuum = (performance.now() - begin) / 1000;
  const logins: number[] = [];
  const confirmations: number[] = [];
  const nudges: number[] = [];
  for (const i of range(LOGINS)) {
    const id = client(i * Math.floor(stored / 10 / LOGINS));
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
    await there.flush(); // or the next login's commit would do this client's work too
  }
  const [row] = await server.run((sql) =>
    sql<{ size: string }[]>`select pg_size_pretty(sum(pg_total_relation_size(oid))) as size
      from pg_class where relnamespace = 'nym_gateway'::regnamespace and relkind = 'r'`
  );
  const many = stored.toLocaleString("en");
  return [
    latency(`a login and an inbox of 10, with ${many} stored, p50 / p99`, logins, 1, 5),
    latency(`confirming it, p50 / p99`, confirmations, 1, 5),
    latency("a message to a client at a sibling, p50 / p99", nudges, 3, 15),
    {
      measure: `size of the tables with ${many} stored; a vacuum of them`,
      found: `${row!.size}; ${vacuum.toFixed(1)} s`,
      aim: "–",
      isReached: undefined,
    },
  ];
}

function latency(measure: string, values: readonly number[], median: number, high: number): Row {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * sorted.length)]!;
  const [p50, p99] = [at(0.5), at(0.99)];
  return {
    measure,
    found: `${p50.toFixed(2)} / ${p99.toFixed(2)} ms`,
    aim: `${median} / ${high} ms`,
    isReached: p50 <= median && p99 <= high,
  };
}
