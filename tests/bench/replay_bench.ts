// deno-lint-ignore-file no-console -- a command
/**
 * The cost of recognizing replays, from the first packet to a full filter: `deno run --allow-all
 * tests/bench/replay_bench.ts`.
 */
import { join } from "node:path";
import { ReplayFilter } from "../../src/replay/replay_filter.ts";

const FULL = 5_242_880;
const BATCH = 47;
const STRETCHES = [10_000, 100_000, 1_000_000, 2_000_000, FULL, FULL + 2_000_000];
const WINDOW = 86_400_000;
/** of which one gets half of all packets */
const CLIENTS = 1000;

const folder = Deno.makeTempDirSync();
const tags = new Uint8Array(BATCH * 16);
{
  await using filter = ReplayFilter.open(join(folder, "replay"), WINDOW, FULL);
  let packets = 0;
  console.log("| packets seen | µs per packet | longest batch, ms |\n| --- | --- | --- |");
  for (const stretch of STRETCHES) {
    const first = packets;
    let time = 0;
    let longest = 0;
    while (packets < stretch) {
      crypto.getRandomValues(tags);
      const begin = performance.now();
      for (let i = 0; i < BATCH; i++) {
        filter.admit(tags.subarray(16 * i, 16 * i + 16), Math.max(0, (packets + i) % (2 * CLIENTS) - CLIENTS));
      }
      filter.flush();
      const taken = performance.now() - begin;
      time += taken;
      longest = Math.max(longest, taken);
      packets += BATCH;
    }
    console.log(`| ${packets} | ${(time * 1000 / (packets - first)).toFixed(2)} | ${longest.toFixed(1)} |`);
  }
  console.log(`\n${filter.size} tags known, ${(Deno.memoryUsage().rss / 1e6).toFixed(0)} MB resident`);
}
const begin = performance.now();
await using filter = ReplayFilter.open(join(folder, "replay"), WINDOW, FULL);
console.log(`opened with ${filter.size} tags in ${(performance.now() - begin).toFixed(0)} ms`);
Deno.removeSync(folder, { recursive: true });
