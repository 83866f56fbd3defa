import { benchGrowth } from "./growth.ts";
import { benchIdle } from "./idle.ts";
import { benchLatency } from "./latency.ts";
import { describeMachine } from "./machine.ts";
import { plots } from "./plots.ts";
import { progress } from "./progress.ts";
import { benchCovers, benchPush } from "./push.ts";
import { otherLoad } from "./quiet.ts";
import { report } from "./report.ts";
import { loadResults, type Results, saveResults } from "./results.ts";
import { KINDS } from "./rig.ts";
import { benchScaling } from "./scaling.ts";
import { benchStore } from "./store.ts";
import { benchUnwrap } from "./unwrap.ts";

const PARTS = {
  unwrap: benchUnwrap,
  push: benchPush,
  covers: benchCovers,
  store: benchStore,
  latency: benchLatency,
  idle: benchIdle,
  scaling: benchScaling,
  growth: benchGrowth,
} satisfies { [part in keyof Results]?: () => Promise<Results[part]> };
type Part = keyof typeof PARTS;

/** Measures the named parts, or all of them; writes results/README.md and its plots. */
async function main(names: string[]): Promise<number> {
  const unknown = names.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    progress(`Cannot measure "${unknown}": the parts are ${Object.keys(PARTS).join(", ")}`);
    return 1;
  }
  const results = await loadResults(await describeMachine());
  if (!KINDS.includes("0.7.0")) progress("NYM_REFERENCE is not set: measuring our gateway only");
  for (const part of (names.length > 0 ? names : Object.keys(PARTS)) as Part[]) {
    results[part] = await PARTS[part]() as never; // of the part's own type, as PARTS guarantees
    results.measured[part] = { at: new Date().toISOString(), otherLoad: otherLoad() };
    await saveResults(results);
  }
  await write("README.md", report(results));
  for (const [name, svg] of Object.entries(plots(results))) await write(`${name}.svg`, svg);
  return 0;
}

async function write(name: string, text: string): Promise<void> {
  const file = new URL(`results/${name}`, import.meta.url);
  await Deno.writeTextFile(file, text);
  progress(file.pathname);
}

Deno.exit(await main(Deno.args));
