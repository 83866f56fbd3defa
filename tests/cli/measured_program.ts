/** The program, which says at its end on standard error how many bytes it had in memory, at most, besides garbage. */
import { main } from "../../src/cli/main.ts";
import { bytesInUse } from "../support/garbage.ts";

/** ms between two looks */
const INTERVAL = 100;

let peak = 0;
function look(): void {
  peak = Math.max(peak, bytesInUse());
}
setInterval(look, INTERVAL);
const code = await main(Deno.args, () => Deno.exit(0));
look();
Deno.stderr.writeSync(new TextEncoder().encode(`${peak} ${Deno.memoryUsage().rss}\n`));
Deno.exit(code);
