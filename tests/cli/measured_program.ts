/**
 * The program, which says at its end on standard error how many bytes it had in memory, at most, besides garbage. It has
 * to be let ask for the collection of that: DENO_V8_FLAGS=--expose-gc.
 */
import { main } from "../../src/cli/main.ts";

/** ms between two looks */
const INTERVAL = 100;

const { gc } = globalThis as unknown as { gc: () => void };
let peak = 0;
function look(): void {
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
}
setInterval(look, INTERVAL);
const code = await main(Deno.args, () => Deno.exit(0));
look();
Deno.stderr.writeSync(new TextEncoder().encode(`${peak} ${Deno.memoryUsage().rss}\n`));
Deno.exit(code);
