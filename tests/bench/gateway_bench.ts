// deno-lint-ignore-file no-console -- its table is its purpose
import { join } from "node:path";
import { type GatewayKind, GatewayProcess, pause, REFERENCE } from "./gateway_process.ts";
import { load, reported } from "./load.ts";
import { Directory } from "../../src/sandbox/directory.ts";

/** Packets a run, of messages of MESSAGE_SIZE bytes to one client; runs of the two gateways take turns. */
const PACKETS = 20_000;
const MESSAGE_SIZE = 500;
const ROUNDS = 3;
const MANY = 100_000;

interface Figures {
  pushCpu: number;
  pushRate: number;
  storeCpu: number;
  storeRate: number;
  readBack: number;
  idle: number;
  peak: number;
}

/** Our gateway beside the 0.7.0 one, in one run on this machine. Prints a table; throws when anything is lost. */
export async function benchGateways(): Promise<void> {
  if (REFERENCE === undefined) {
    console.log("gateway: skipped, as NYM_REFERENCE does not name the folder of the 0.7.0 programs");
    return;
  }
  await using directory = new Directory({ host: "127.0.0.1", port: 0 });
  const results: Record<GatewayKind, Figures[]> = { ours: [], "0.7.0": [] };
  for (let round = 1; round <= ROUNDS; round++) {
    for (const kind of ["ours", "0.7.0"] as const) {
      console.error(`gateway: round ${round} of ${ROUNDS}, ${kind} …`);
      results[kind].push(await measure(kind, directory.url));
    }
  }
  const median = (kind: GatewayKind, figure: keyof Figures) =>
    results[kind].map((each) => each[figure]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
  const row = (name: string, figure: keyof Figures, digits: number, better: "less" | "more") => {
    const [ours, theirs] = [median("ours", figure), median("0.7.0", figure)];
    const ratio = better === "less" ? theirs / ours : ours / theirs;
    console.log(`| ${name} | ${ours.toFixed(digits)} | ${theirs.toFixed(digits)} | ${ratio.toFixed(2)}× |`);
  };
  console.log(`\n${PACKETS} packets with ${MESSAGE_SIZE} bytes each to one client, median of ${ROUNDS} rounds\n`);
  console.log("| measure | ours | 0.7.0 | better by |\n| --- | --- | --- | --- |");
  row("push, processor µs a packet", "pushCpu", 0, "less");
  row("push, packets/s", "pushRate", 0, "more");
  row("store, processor µs a packet", "storeCpu", 0, "less");
  row("store, packets/s", "storeRate", 0, "more");
  row(`${PACKETS} stored messages read back, ms`, "readBack", 0, "less");
  row("idle, resident MB", "idle", 0, "less");
  row("peak, resident MB", "peak", 0, "less");
  await benchMany(directory.url);
}

async function measure(kind: GatewayKind, directory: string): Promise<Figures> {
  await using gateway = await GatewayProcess.init(kind, 17890, 17900, directory);
  await gateway.start();
  await pause(1000);
  const idle = (await gateway.figures()).resident;
  const files = await prepare(gateway, PACKETS);

  const beforePush = await gateway.figures();
  const pushReport = await load("push", gateway.clients, files.tokens, gateway.mixnet, files.frames, 4);
  expectAll(pushReport, PACKETS, `pushed by ${kind}`);
  const pushCpu = (await gateway.figures()).cpu - beforePush.cpu;

  await pause(3000); // pushed messages may still be on the disk, and a second client keeps the two apart
  const second = await prepare(gateway, PACKETS);
  const storedBefore = await gateway.stored();
  const beforeStore = await gateway.figures();
  const begin = performance.now();
  await load("blast", gateway.mixnet, second.frames, 4, 0);
  while (await gateway.stored() < storedBefore + PACKETS) await pause(100);
  const storeTime = performance.now() - begin;
  const storeCpu = (await gateway.figures()).cpu - beforeStore.cpu;

  const readReport = await load("receive", gateway.clients, second.tokens, PACKETS, 3);
  expectAll(readReport, PACKETS, `read back from ${kind}`);
  return {
    pushCpu: pushCpu * 1000 / PACKETS,
    pushRate: reported(pushReport, /: ([\d.]+)\/s/),
    storeCpu: storeCpu * 1000 / PACKETS,
    storeRate: PACKETS / storeTime * 1000,
    readBack: reported(readReport, /in ([\d.]+) s/) * 1000,
    idle,
    peak: (await gateway.figures()).peak,
  };
}

/** What many stored messages do to memory and to the start: ours alone. */
async function benchMany(directory: string): Promise<void> {
  console.error(`gateway: ${MANY} stored messages …`);
  await using gateway = await GatewayProcess.init("ours", 17890, 17900, directory);
  const emptyStart = await gateway.start();
  const files = await prepare(gateway, MANY / 10);
  for (let i = 1; i <= 10; i++) {
    await load("blast", gateway.mixnet, files.frames, 4, 0);
    while (await gateway.stored() < i * MANY / 10) await pause(50);
  }
  const { resident } = await gateway.figures();
  await gateway.stop();
  const fullStart = await gateway.start();
  console.log(
    `\nwith ${MANY} stored messages: ${resident.toFixed(0)} MB resident after storing them; ` +
      `a start takes ${fullStart.toFixed(0)} ms, without any ${emptyStart.toFixed(0)} ms`,
  );
}

async function prepare(gateway: GatewayProcess, packets: number): Promise<{ tokens: string; frames: string }> {
  const folder = await Deno.makeTempDir({ dir: gateway.home });
  const [addresses, tokens, frames] = ["addresses", "tokens", "frames"].map((name) => join(folder, name));
  await Deno.writeTextFile(addresses!, await load("addresses", 1));
  await Deno.writeTextFile(tokens!, await load("register", gateway.clients, addresses!));
  await load("generate", gateway.publicKey, addresses!, packets, MESSAGE_SIZE, frames!);
  return { tokens: tokens!, frames: frames! };
}

function expectAll(report: string, expected: number, what: string): void {
  const received = reported(report, /received (\d+) of/);
  if (received !== expected) throw new Error(`${received} of ${expected} messages ${what}: ${report}`);
}
