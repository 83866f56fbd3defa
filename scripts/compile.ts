// deno-lint-ignore-file no-console -- a command
/**
 * Compiles the gateway into one file: `deno task compile`, with options
 *
 *     --target <triple>    for another platform, one of those in release/targets.ts; without it for this one
 *     --output <file>      where to; without it dist/nym-gateway
 *
 * The runtime for it, denort, is fetched by Deno for its own version, or is the file that DENORT_BIN names.
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
  console.error(`--target: there is no ${target}, but ${TARGETS.join(", ")}`);
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
