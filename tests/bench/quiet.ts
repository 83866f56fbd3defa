import { progress } from "./progress.ts";

/** Measuring begins when other programs use less than this share of the machine in a sample. */
const QUIET = 0.1;
const LOOK = 500; // ms
/** The longest wait in all, in ms, so that a benchmark ends even on a machine that is never quiet. */
let patience = 60_000;

let looks: number[] = [];

/** Waits a limited time until the machine has little else to do. */
export async function awaitQuiet(): Promise<void> {
  let used = await busyShare();
  while (used > QUIET && patience > 0) {
    patience -= LOOK;
    used = await busyShare();
  }
  looks.push(used);
  if (used > QUIET) progress(`  (the machine is ${Math.round(used * 100)}% busy with other things)`);
}

/** The average share of the machine that other programs used when measuring began, since the last call. */
export function otherLoad(): number {
  const load = looks.reduce((sum, look) => sum + look, 0) / looks.length;
  looks = [];
  return load;
}

/** The share of all cores in use, or taken by the host, during a sample. */
async function busyShare(): Promise<number> {
  const before = await ticks();
  await new Promise((resolve) => setTimeout(resolve, LOOK));
  const after = await ticks();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

async function ticks(): Promise<{ idle: number; all: number }> {
  const [line] = (await Deno.readTextFile("/proc/stat")).split("\n");
  const fields = line!.trim().split(/\s+/).slice(1, 9).map(Number); // user nice system idle iowait irq softirq steal
  return { idle: fields[3]! + fields[4]!, all: fields.reduce((sum, field) => sum + field) };
}
