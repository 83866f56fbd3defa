import { basename, dirname, join } from "node:path";
import { bakedFlags } from "./baked_flags.ts";
import { readProjectFile } from "./checkout.ts";
import { platformOf } from "./platform.ts";
import { copyStampedSources, type TemporaryFolder, temporaryFolder } from "./sources.ts";
import type { Target } from "./targets.ts";

/**
 * What is bundled into one file each. The worker is loaded by its URL beside the module that starts it, so its bundle
 * keeps that name and goes beside the program's, as do the WebAssembly modules that it imports.
 */
const BUNDLES: Readonly<Record<string, string>> = { "main.ts": "main.js", "src/unwrapping/worker.ts": "worker.ts" };
const KERNELS = ["src/sphinx/kernel/kernel.wasm", "src/sphinx/kernel/kernel_wide.wasm"];

/**
 * Compiles the checkout for `target` into the file `output`. It is bundled first: against the modules one by one with
 * all of their packages, that takes 12 MB of memory and half of the start time away.
 * @throws {Error} with what Deno says when it can't
 */
export async function compile(target: Target, output: string): Promise<void> {
  const runtime = Deno.env.get("DENORT_BIN");
  if (runtime && await platformOf(runtime) !== target) {
    throw new Error(`DENORT_BIN (${runtime}) is no runtime for ${target}: without it Deno fetches that`);
  }
  await using bundled = await bundle();
  await Deno.mkdir(dirname(output), { recursive: true });
  await deno(
    bundled.path,
    "compile",
    "--quiet",
    "--no-config",
    "--no-check", // `deno task ok` does
    "--no-prompt",
    "--no-code-cache", // it would be a file of a known name in a temporary folder, where other users could lay theirs
    "--include=worker.ts",
    ...(await readProjectFile()).unstable.map((feature) => `--unstable-${feature}`),
    ...await bakedFlags(),
    `--target=${target}`,
    `--output=${output}`,
    "main.js",
  );
}

/**
 * Bundles the checkout into a temporary folder. What is in it depends on nothing but the sources: not on where they are,
 * who does it, or when.
 */
export async function bundle(): Promise<TemporaryFolder> {
  await using sources = await temporaryFolder();
  await using unfinished = new AsyncDisposableStack();
  const bundled = unfinished.use(await temporaryFolder());
  await copyStampedSources(sources.path);
  for (const [entry, bundle] of Object.entries(BUNDLES)) {
    await deno(
      sources.path,
      "bundle",
      "--quiet",
      "--node-modules-dir=auto", // there: a bundle names its modules by their paths, which would be those of a cache
      "--external=*.wasm",
      `--output=${join(bundled.path, bundle)}`,
      entry,
    );
  }
  for (const kernel of KERNELS) {
    await Deno.copyFile(join(sources.path, kernel), join(bundled.path, basename(kernel)));
  }
  for await (const { name } of Deno.readDir(bundled.path)) {
    await Deno.utime(join(bundled.path, name), 0, 0); // the times go into the program: so the same sources make the same
  }
  unfinished.move();
  return bundled;
}

async function deno(folder: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder, stdout: "null" }).output();
  if (!success) throw new Error(`deno ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
}
