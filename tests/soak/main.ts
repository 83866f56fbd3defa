// deno-lint-ignore-file no-console -- a command
import { soak } from "./soak.ts";

/** Its duration; four hours by default. */
const minutes = Number(Deno.env.get("SOAK_MINUTES") ?? 240);
/** Packets per second. */
const rate = Number(Deno.env.get("SOAK_RATE") ?? 500);

console.log(`soak: ${minutes} minutes at ${rate} packets/s, one line a minute`);
const { good, verdict } = await soak({ seconds: minutes * 60, rate, lineEvery: 60 }, (line) => console.log(line));
console.log(verdict);
Deno.exit(good ? 0 : 1);
