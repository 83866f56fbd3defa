// deno-lint-ignore-file no-console -- its output is its purpose
import { soak } from "./soak.ts";

/** How long it takes; four hours unless SOAK_MINUTES says otherwise. */
const minutes = Number(Deno.env.get("SOAK_MINUTES") ?? 240);
/** Packets a second. */
const rate = Number(Deno.env.get("SOAK_RATE") ?? 500);

console.log(`soak: ${minutes} minutes at ${rate} packets/s, a line a minute`);
const { good, verdict } = await soak({ seconds: minutes * 60, rate, lineEvery: 60 }, (line) => console.log(line));
console.log(verdict);
Deno.exit(good ? 0 : 1);
