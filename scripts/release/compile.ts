import { basename, dirname, join } from "node:path";
import { bakedFlags } from "./baked_flags.ts";
import { readProjectFile } from "./checkout.ts";
import { platformOf } from "./platform.ts";
import { copyStampedSources, type TemporaryFolder, temporaryFolder } from "./sources.ts";
import type { Target } from "./targets.ts";

/**
 * How the entry points are bundled. What the program loads on demand gets files of its own beside `main.js`: in one file,
 * all of it would be in memory. The worker is loaded by a URL relative to the module that starts it, so its bundle keeps
 * its name and lies beside the program's, as do the WebAssembly modules that it imports.
 */
const BUNDLES: Readonly<Record<string, (folder: string) => string[]>> = {
  "main.ts": (folder) => ["--code-splitting", `--outdir=${folder}`],
  "src/unwrapping/worker.ts": (folder) => [`--output=${join(folder, "worker.ts")}`],
};
const KERNELS = ["src/sphinx/kernel/kernel.wasm", "src/sphinx/kernel/kernel_wide.wasm"];

/**
 * Compiles the checkout for `target` into the executable `output`. Bundling first saves 12 MB of memory and half of the
 * start time, compared with separate modules and whole packages.
 *
 * @throws {Error} with Deno's error output if it fails
 */
export async function compile(target: Target, output: string): Promise<void> {
  const runtime = Deno.env.get("DENORT_BIN");
  if (runtime && await platformOf(runtime) !== target) {
    throw new Error(`DENORT_BIN (${runtime}) is not a runtime for ${target}: unset it to have Deno fetch one`);
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
    "--no-code-cache", // its file in the temporary folder has a predictable name, so other users could plant one
    "--include=worker.ts",
    ...(await readProjectFile()).unstable.map((feature) => `--unstable-${feature}`),
    ...await bakedFlags(),
    `--target=${target}`,
    `--output=${output}`,
    "main.js",
  );
}

/**
 * Bundles the checkout into a temporary folder, `within` another one if that is given. The result depends only on the sources, not on their location, the user or
 * the time.
 */
export async function bundle(within?: string): Promise<TemporaryFolder> {
  await using sources = await temporaryFolder(within);
  await using unfinished = new AsyncDisposableStack();
  const bundled = unfinished.use(await temporaryFolder(within));
  await copyStampedSources(sources.path);
  for (const [entry, into] of Object.entries(BUNDLES)) {
    await deno(
      sources.path,
      "bundle",
      "--quiet",
      "--node-modules-dir=auto", // a bundle contains its modules' paths, which must not be those of a cache
      "--external=*.wasm",
      ...into(bundled.path),
      entry,
    );
  }
  for (const kernel of KERNELS) {
    await Deno.copyFile(join(sources.path, kernel), join(bundled.path, basename(kernel)));
  }
  for await (const { name } of Deno.readDir(bundled.path)) {
    // The executable contains modification times. Fixed ones make builds reproducible.
    await Deno.utime(join(bundled.path, name), 0, 0);
  }
  unfinished.move();
  return bundled;
}

async function deno(folder: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder, stdout: "null" }).output();
  if (!success) throw new Error(`deno ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
}
