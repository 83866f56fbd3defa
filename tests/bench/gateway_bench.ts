// deno-lint-ignore-file no-console -- its table is its purpose
import { Directory } from "../../src/sandbox/directory.ts";
import { type GatewayKind, GatewayProcess, pause } from "../support/gateway_process.ts";
import { type Load, load, prepareLoad, reported } from "../support/load.ts";
import { processFigures } from "./process_figures.ts";

const PACKETS = 20_000;
const MESSAGE_SIZE = 500;
/** Runs of the two gateways take turns, so that both see the same machine. */
const ROUNDS = 3;
/** Connections that packets come over. */
const CONNECTIONS = 4;
const MANY = 100_000;
const MIX_PORT = 17_890;
const CLIENTS_PORT = 17_900;

interface Figures {
  pushCpu: number;
  pushRate: number;
  storeCpu: number;
  storeRate: number;
  readBack: number;
  idle: number;
  peak: number;
}

/** Our gateway beside the 0.7.0 one, in one run on this machine. Prints a table; throws when a message is lost. */
export async function benchGateways(): Promise<void> {
  if (!Deno.env.get("NYM_REFERENCE")) {
    console.log("gateways: skipped, as NYM_REFERENCE does not name the folder of the 0.7.0 programs");
    return;
  }
  const results: Record<GatewayKind, Figures[]> = { ours: [], "0.7.0": [] };
  for (let round = 1; round <= ROUNDS; round++) {
    for (const kind of ["ours", "0.7.0"] as const) {
      console.error(`gateways: round ${round} of ${ROUNDS}, ${kind} …`);
      results[kind].push(await measure(kind));
    }
  }
  const median = (kind: GatewayKind, figure: keyof Figures) =>
    results[kind].map((each) => each[figure]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
  const row = (name: string, figure: keyof Figures, better: "less" | "more") => {
    const [ours, theirs] = [median("ours", figure), median("0.7.0", figure)];
    const ratio = better === "less" ? theirs / ours : ours / theirs;
    console.log(`| ${name} | ${ours.toFixed(0)} | ${theirs.toFixed(0)} | ${ratio.toFixed(2)}× |`);
  };
  console.log(`\n${PACKETS} messages of ${MESSAGE_SIZE} bytes to one client, median of ${ROUNDS} rounds\n`);
  console.log("| measure | ours | 0.7.0 | better by |\n| --- | --- | --- | --- |");
  row("push, processor µs a packet", "pushCpu", "less");
  row("push, packets/s", "pushRate", "more");
  row("store, processor µs a packet", "storeCpu", "less");
  row("store, packets/s", "storeRate", "more");
  row(`${PACKETS} stored messages read back, ms`, "readBack", "less");
  row("idle, resident MB", "idle", "less");
  row("peak, resident MB", "peak", "less");
  await benchMany();
}

async function measure(kind: GatewayKind): Promise<Figures> {
  await using directory = new Directory({ host: "127.0.0.1", port: 0 }); // a new one: it has heard of no gateway
  await using gateway = await GatewayProcess.init(kind, MIX_PORT, CLIENTS_PORT, directory.url);
  await gateway.start();
  await pause(1000);
  const idle = (await processFigures(gateway.pid)).resident;

  const pushed = await prepareLoad(gateway, 1, PACKETS, MESSAGE_SIZE);
  const beforePush = await processFigures(gateway.pid);
  const pushReport = await load("push", gateway.clients, pushed.tokens, gateway.mixnet, pushed.frames, CONNECTIONS);
  expectAll(pushReport, `pushed by ${kind}`);
  const pushCpu = (await processFigures(gateway.pid)).cpu - beforePush.cpu;

  const stored = await prepareLoad(gateway, 1, PACKETS, MESSAGE_SIZE);
  const before = await gateway.stored(); // what was pushed may not be confirmed yet
  const beforeStore = await processFigures(gateway.pid);
  const begin = performance.now();
  await blast(gateway, stored);
  await gateway.storedReaches(before + PACKETS);
  const storeTime = performance.now() - begin;
  const storeCpu = (await processFigures(gateway.pid)).cpu - beforeStore.cpu;

  const readReport = await load("receive", gateway.clients, stored.tokens, PACKETS, 10);
  expectAll(readReport, `read back from ${kind}`);
  return {
    pushCpu: pushCpu * 1000 / PACKETS,
    pushRate: reported(pushReport, /: (\d+)\/s/),
    storeCpu: storeCpu * 1000 / PACKETS,
    storeRate: PACKETS / storeTime * 1000,
    readBack: reported(readReport, /in ([\d.]+) s/) * 1000,
    idle,
    peak: (await processFigures(gateway.pid)).peak,
  };
}

/** What many stored messages do to memory and to the start: ours alone. */
async function benchMany(): Promise<void> {
  console.error(`gateways: ${MANY} stored messages …`);
  await using directory = new Directory({ host: "127.0.0.1", port: 0 });
  await using gateway = await GatewayProcess.init("ours", MIX_PORT, CLIENTS_PORT, directory.url);
  const emptyStart = await gateway.start();
  const tenth = await prepareLoad(gateway, 10, MANY / 10, MESSAGE_SIZE);
  for (let tenths = 1; tenths <= 10; tenths++) {
    await blast(gateway, tenth);
    await gateway.storedReaches(tenths * MANY / 10);
  }
  const { resident, peak } = await processFigures(gateway.pid);
  await gateway.stop();
  const fullStart = await gateway.start();
  const restarted = await processFigures(gateway.pid);
  console.log(
    `\n${MANY} stored messages: ${resident.toFixed(0)} MB resident after storing them (peak ${peak.toFixed(0)}), ` +
      `${restarted.resident.toFixed(0)} MB after a restart; starting takes ${fullStart.toFixed(0)} ms with them, ` +
      `${emptyStart.toFixed(0)} ms without`,
  );
}

function blast(gateway: GatewayProcess, { frames }: Load): Promise<string> {
  return load("blast", gateway.mixnet, frames, CONNECTIONS, 0);
}

function expectAll(report: string, what: string): void {
  const received = reported(report, /received (\d+) of/);
  if (received !== PACKETS) throw new Error(`${received} of ${PACKETS} messages ${what}: ${report}`);
}
