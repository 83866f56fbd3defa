import { progress } from "./progress.ts";

/** Measuring begins when other programs used less than this share of the machine within a look. */
const QUIET = 0.1;
const LOOK = 500; // ms
/** ms that are waited in all: on a machine that is never quiet a benchmark comes to its end as well. */
let patience = 60_000;

let looks: number[] = [];

/** Waits until the machine has little else to do, for a while. */
export async function awaitQuiet(): Promise<void> {
  let used = await busyShare();
  while (used > QUIET && patience > 0) {
    patience -= LOOK;
    used = await busyShare();
  }
  looks.push(used);
  if (used > QUIET) progress(`  (the machine is ${Math.round(used * 100)}% busy with other things)`);
}

/** What share of the machine other programs used whenever measuring began, on the average since the last call. */
export function otherLoad(): number {
  const load = looks.reduce((sum, look) => sum + look, 0) / looks.length;
  looks = [];
  return load;
}

/** The share of all cores that was in use, or taken by the host, during a look. */
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
