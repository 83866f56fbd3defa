/** The program, which says at its end on standard error how much memory it had resident, at most, in bytes. */
import { main } from "../../src/cli/main.ts";

/** ms between two looks; the system's own maximum is of no use, as it begins with the parent's. */
const INTERVAL = 2;

let peak = 0;
const look = () => peak = Math.max(peak, Deno.memoryUsage().rss);
setInterval(look, INTERVAL);
const code = await main(Deno.args, () => Deno.exit(0));
look();
Deno.stderr.writeSync(new TextEncoder().encode(`${peak}\n`));
Deno.exit(code);
