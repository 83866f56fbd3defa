import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { range } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { Writers } from "../postgresql/writers.ts";
import { LongRun } from "../support/long_run.ts";
import { SKIPPED } from "../support/postgresql.ts";
import { Random } from "../support/random.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { type Account, compare, newAccount } from "./account.ts";
import { canMountFiles } from "./disk.ts";
import { childCommand, runChild } from "./mailbox_process.ts";
import { PatroniCluster } from "./patroni_cluster.ts";
import { Node } from "./postgresql_nodes.ts";

/**
 * Power cuts of one node, of a primary with two synchronous standbys at once, and of three nodes under Patroni. Long form:
 * 50, 50 and 6; 0 in the short one.
 */
const CUTS = Number(Deno.env.get("CRASH_POSTGRESQL_CUTS") ?? 0);
const CLUSTER_CUTS = Number(Deno.env.get("CRASH_POSTGRESQL_CLUSTER_CUTS") ?? 0);
const PATRONI_CUTS = Number(Deno.env.get("CRASH_POSTGRESQL_PATRONI_CUTS") ?? 0);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_260_101);
/** To see that the tests find losses: "off" must lose mail. */
const SYNCHRONOUS_COMMIT = Deno.env.get("CRASH_POSTGRESQL_SYNCHRONOUS_COMMIT") ?? "on";

/** ms from one cut to the next, at most */
const MAX_DELAY = 400;
/** ms for what a node has answered before it was stopped to be read */
const LATE = 100;
/** ms of load before a cut of a cluster, at most */
const MAX_LOAD = 3000;
const ENDLESS = 1_000_000;

const isSkipped = SKIPPED || !canMountFiles;

Deno.test({
  name: `PostgreSQL keeps what it has committed in ${CUTS} power cuts${isSkipped ? " (skipped: cannot mount)" : ""}`,
  ignore: isSkipped || CUTS === 0,
  fn: () => cutPower(CUTS, []),
});

Deno.test({
  name: `so do three nodes that lose power at once, ${CLUSTER_CUTS} times`,
  ignore: isSkipped || CLUSTER_CUTS === 0,
  fn: () => cutPower(CLUSTER_CUTS, ["node2", "node3"]),
});

Deno.test({
  name: `and three under Patroni, whichever becomes the primary then, ${PATRONI_CUTS} times`,
  ignore: isSkipped || PATRONI_CUTS === 0,
  fn: () => cutPatroni(PATRONI_CUTS),
});

/** Loads a primary with these standbys, and looks again and again what would be left after a power cut of all. */
async function cutPower(cuts: number, standbys: readonly string[]): Promise<void> {
  const progress = new LongRun(`power cuts of ${1 + standbys.length} PostgreSQL nodes`, cuts);
  const random = new Random(SEED);
  using folder = new TemporaryFolder();
  Deno.chmodSync(folder.path, 0o711); // for the user postgres
  await using nodes = new AsyncDisposableStack();
  const settings = { synchronous_commit: SYNCHRONOUS_COMMIT };
  const primary = nodes.use(await Node.init("node1", folder.path, settings));
  await primary.start();
  const all = [primary];
  for (const name of standbys) {
    const standby = nodes.use(await Node.standby(name, folder.path, primary, settings));
    await standby.start();
    all.push(standby);
  }
  if (standbys.length > 0) {
    await primary.ask(`alter system set synchronous_standby_names = 'ANY 1 (${standbys.join()})'`);
    await primary.ask("select pg_reload_conf()");
  }
  await primary.ask("create database mail");

  const account = newAccount();
  const command = childCommand(JSON.stringify(primary.options("mail")), SEED, ENDLESS, account.done);
  const started = Promise.withResolvers<Deno.ChildProcess>();
  const running = runChild(command, account, () => {}, (child) => started.resolve(child));
  const child = await Promise.race([started.promise, running.then(() => Promise.reject(new Error("it has ended")))]);
  try {
    for (let cut = 0; cut < cuts; cut++) {
      await pause(random.between(LATE, MAX_DELAY));
      await inspect(all, account, folder.path);
      progress.reached(cut);
    }
  } finally {
    child.kill("SIGKILL");
    await running;
  }
  const stored = account.done.reduce((sum, { stored }) => sum + stored, 0);
  progress.end(`${cuts} cuts, ${stored} messages committed, none lost`);
  assert(stored > 0);
}

/**
 * Cuts the power of a cluster again and again while two gateways write. They survive and retry what was under way. Every
 * other time the primary's machine comes back last, so that another one must have every commit.
 */
async function cutPatroni(cuts: number): Promise<void> {
  const progress = new LongRun("power cuts of three nodes under Patroni", cuts);
  const random = new Random(SEED);
  using folder = new TemporaryFolder();
  Deno.chmodSync(folder.path, 0o711); // for the user postgres
  await using cluster = await PatroniCluster.start(folder.path, { synchronous_commit: SYNCHRONOUS_COMMIT });
  await using writers = new Writers(cluster.options);
  let changes = 0;
  for (const cut of range(cuts)) {
    const running = [writers.start(), writers.start()];
    const goOn = () => Promise.all(running.map((writer) => writer.commitsMore(1)));
    await goOn();
    await cluster.isWhole();
    await pause(random.between(LATE, MAX_LOAD));
    const { primary, standbys } = await cluster.roles();
    await cluster.cutPower();
    const isLast = cut % 2 === 1;
    cluster.powerOn(isLast ? standbys : undefined);
    await goOn();
    const now = (await cluster.roles()).primary;
    if (isLast) {
      assertNotEquals(now, primary);
      cluster.powerOn([primary]);
    }
    if (now !== primary) changes++;
    await Promise.all(running.map((writer) => writer.kill()));
    await writers.check();
    progress.reached(cut);
  }
  progress.end(
    `${cuts} cuts, ${changes} with another primary, ${writers.committed} messages committed, none lost or twice`,
  );
}

/** Stops all nodes, the primary first, and looks what is on the primary's disk, and what on those of its standbys. */
async function inspect([primary, ...standbys]: Node[], account: Account, folder: string): Promise<void> {
  const copies: Node[] = [];
  await using copied = new AsyncDisposableStack();
  let then: Account;
  {
    using frozen = new DisposableStack();
    for (const node of [primary!, ...standbys]) frozen.use(node.freeze());
    await pause(LATE);
    then = structuredClone(account);
    for (const node of [primary!, ...standbys]) {
      copies.push(copied.use(await node.afterPowerCut(`${node.name}-copy`, folder)));
    }
  }
  const [first, ...others] = copies;
  await first!.start();
  await holds(first!, then);
  if (others.length === 0) return;
  const faults: unknown[] = [];
  for (const other of others) {
    await other.start();
    await other.promote();
    await holds(other, then).catch((error) => faults.push(error));
  }
  if (faults.length === others.length) throw new AggregateError(faults, "none of the standbys has all");
}

/** A node has what had been committed, and nothing that had been confirmed. */
async function holds(node: Node, account: Account): Promise<void> {
  await using mailbox = await openPostgresql(node.options("mail"));
  const found = await compare(account, mailbox).catch((error) =>
    Promise.reject(new Error(`${node.name}: ${error.message}`))
  );
  assertEquals(found.length, account.done.length);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
