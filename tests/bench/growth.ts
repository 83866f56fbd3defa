import { join } from "node:path";
import type { Sealer } from "../../src/mailbox/sealing.ts";
import { idlePercent } from "./idle.ts";
import { type Packets, slicePackets } from "./load/packets.ts";
import { clock } from "./load/plan.ts";
import { registerClients, storeMessages } from "./prefill.ts";
import { progress } from "./progress.ts";
import { awaitQuiet } from "./quiet.ts";
import { type Load, makeLoad, Rig } from "./rig.ts";
import { median } from "./statistics.ts";

const SIZES = [0, 1000, 100_000, 1_000_000];
/** Messages stored in addition to the existing ones, for offline clients, and the number of repetitions. */
const PACKETS = 20_000;
const ROUNDS = 3;
const CLIENTS = 50;
/** The number of starts for the median. */
const STARTS = 3;
/** ms over which processor use at rest is measured */
const REST = 6_000;

export interface GrowthFigures {
  size: number;
  /** ms from the start of the process until it is listening */
  start: number;
  /** packets/s, and processor µs per packet */
  storeRate: number;
  storeCpu: number;
  /** bytes of the database */
  fileSize: number;
  /** MB after the start */
  resident: number;
  /** % of one core without packets */
  idle: number;
}

/** The effect of many stored messages, and of many registered clients, on our gateway. */
export async function benchGrowth(): Promise<{ stored: GrowthFigures[]; registered: GrowthFigures[] }> {
  const load = await makeLoad(CLIENTS, ROUNDS * PACKETS, { connections: 1 });
  const stored = await grow("stored messages", load, "inboxes/mailbox.kv", storeMessages);
  const registered = await grow("registered clients", load, "client_ledger.kv", registerClients);
  return { stored, registered };
}

/** `fill` adds `size` items to the database at a path. */
async function grow(
  name: string,
  load: Load,
  database: string,
  fill: (path: string, sealer: Sealer, size: number) => Promise<void>,
): Promise<GrowthFigures[]> {
  const results: GrowthFigures[] = [];
  for (const size of SIZES) {
    progress(`growth: ${size} ${name} …`);
    await using rig = await Rig.init("ours");
    const path = join(rig.gateway.inboxes, "..", database);
    await rig.gateway.start(); // creates the databases and their key
    await rig.gateway.stop();
    await fill(path, rig.gateway.sealer, size);
    const figures = { size, ...await measure(rig, load, path) };
    results.push(figures);
    progress(`  ${JSON.stringify(figures)}`);
  }
  return results;
}

async function measure(rig: Rig, { warmUp, packets }: Load, path: string): Promise<Omit<GrowthFigures, "size">> {
  const { gateway } = rig;
  const starts: number[] = [];
  await awaitQuiet();
  for (let i = 0; i < STARTS; i++) {
    await gateway.stop();
    starts.push(await gateway.start());
  }
  const fileSize = await sizeOf(path);
  const { resident } = await rig.figures();
  const idle = await idlePercent(rig, REST);

  await rig.logIn(CLIENTS);
  await rig.load.logOut();
  await storeAll(rig, warmUp);
  const rates: number[] = [];
  const { cpu } = await rig.figures();
  for (let round = 0; round < ROUNDS; round++) {
    await awaitQuiet();
    rates.push(await storeAll(rig, slicePackets(packets, round * PACKETS, (round + 1) * PACKETS)));
  }
  const storeCpu = ((await rig.figures()).cpu - cpu) * 1000 / packets.plan.count;
  return { start: median(starts), storeRate: median(rates), storeCpu, fileSize, resident, idle };
}

/** Sends packets for offline clients; resolves with the number stored per second, once all are. */
async function storeAll(rig: Rig, packets: Packets): Promise<number> {
  const { count } = packets.plan;
  const before = await rig.gateway.stored();
  const began = await rig.load.send(rig.mixnet, packets);
  await rig.stored((stored) => stored >= before + count);
  return count / (clock() - began) * 1000;
}

/** The size of a database's file and its write-ahead log. */
async function sizeOf(path: string): Promise<number> {
  const sizes = await Promise.all(
    [path, `${path}-wal`].map((file) => Deno.stat(file).then(({ size }) => size, () => 0)),
  );
  return sizes.reduce((sum, size) => sum + size);
}
