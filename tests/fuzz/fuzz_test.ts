import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import { setLogOutput } from "../../src/logging/log.ts";
import { bytesInUse } from "../support/garbage.ts";
import { LongRun } from "../support/long_run.ts";
import { Random } from "../support/random.ts";
import { archive } from "./archive.ts";
import { toml } from "./configuration.ts";
import { base58, pem } from "./encodings.ts";
import { frames } from "./frames.ts";
import { guardedStreams } from "./guarded_streams.ts";
import { proxies } from "./proxies.ts";
import { binary, control } from "./requests.ts";
import { sphinxKernel, sphinxReference } from "./sphinx.ts";
import { storedValues } from "./stored_values.ts";
import type { Target } from "./target.ts";
import { topology } from "./topology.ts";

/** Inputs for each target; 10,000,000 in the long form. */
const INPUTS = Number(Deno.env.get("FUZZ_INPUTS") ?? 5000);
/** Seed of the first input; later ones are consecutive. Replay a failed seed with FUZZ_SEED=… FUZZ_INPUTS=1. */
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
/** The only target to run; undefined: all. */
const TARGET = Deno.env.get("FUZZ_TARGET");

/** The most growth of memory in use over all inputs, in bytes. */
const MAX_GROWTH = 20_000_000;
/** Inputs between two progress reports. */
const LOOK_EVERY = 16;

const targets: readonly Target[] = [
  frames,
  guardedStreams,
  proxies,
  control,
  binary,
  base58,
  pem,
  toml,
  topology,
  archive,
  storedValues,
  sphinxKernel,
  sphinxReference,
];

/** The short form uses fewer inputs for the slowest targets. */
function inputsFor(target: Target): number {
  return target === sphinxReference && INPUTS <= 10_000 ? INPUTS / 25 : INPUTS;
}

for (const target of targets.filter(({ name }) => TARGET === undefined || name === TARGET)) {
  const inputs = inputsFor(target);
  Deno.test(`${target.name}: ${inputs} mutated and random inputs do no harm`, async () => {
    const run = new LongRun(`fuzz ${target.name}`, inputs);
    using log = new LogLines();
    const before = bytesInUse();
    for (let seed = SEED; seed < SEED + inputs; seed++) {
      try {
        const attempt = target.attempt(new Random(seed));
        // Weak references of streams are kept until the next turn of the event loop.
        if (attempt !== undefined) await attempt.then(seed % LOOK_EVERY === 0 ? () => setImmediate() : undefined);
      } catch (error) {
        throw new Error(`FUZZ_TARGET=${target.name} FUZZ_SEED=${seed}: ${(error as Error).message}`, { cause: error });
      }
      if (seed % LOOK_EVERY === 0) run.reached(seed - SEED);
    }
    const growth = bytesInUse() - before;
    assert(growth < MAX_GROWTH, `${growth} bytes more in use`);
    assertEquals(log.count, 0, "lines in the log");
    run.end(`${inputs} inputs, ${(growth / 1e6).toFixed(1)} MB more in use`);
  });
}

/** Counts and suppresses log lines until disposed. */
class LogLines {
  count = 0;

  constructor() {
    setLogOutput(() => void this.count++);
  }

  [Symbol.dispose](): void {
    setLogOutput(undefined);
  }
}
