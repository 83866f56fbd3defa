// deno-lint-ignore-file no-console -- a command
/**
 * Compiles the gateway into an executable: `deno task compile`, with these options
 *
 *     --target <triple>    the platform, one of those in release/targets.ts [default: this one]
 *     --output <file>      the executable [default: dist/nym-gateway]
 *
 * Deno fetches the runtime for it, denort, in its own version, unless DENORT_BIN names one.
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "./release/compile.ts";
import { isTarget, TARGETS } from "./release/targets.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: { target: { type: "string" }, output: { type: "string" } },
});
const target = options.target ?? Deno.build.target;
if (!isTarget(target)) {
  console.error(`--target: ${target} is not one of ${TARGETS.join(", ")}`);
  Deno.exit(64);
}
const suffix = target.includes("windows") ? ".exe" : "";
const output = resolve(options.output ?? join(import.meta.dirname!, "..", "dist", `nym-gateway${suffix}`));
try {
  await compile(target, output);
  console.log(`${output}: ${(await Deno.stat(output)).size} bytes`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
