/** The program; at its end, it reports its peak memory on standard error, in bytes, not counting garbage. */
import { main } from "../../src/cli/main.ts";
import { bytesInUse } from "../support/garbage.ts";

/** in ms, between two samples */
const INTERVAL = 100;

let peak = 0;
function look(): void {
  peak = Math.max(peak, bytesInUse());
}
setInterval(look, INTERVAL);
const code = await main(Deno.args, {
  gateway: () => Deno.exit(0),
  mixnode: () => Deno.exit(0),
  directory: () => Deno.exit(0),
  decideOffline: () => Deno.exit(0),
});
look();
Deno.stderr.writeSync(new TextEncoder().encode(`${peak} ${Deno.memoryUsage().rss}\n`));
Deno.exit(code);
