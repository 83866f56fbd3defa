// deno-lint-ignore-file no-console -- a command
/**
 * Builds the kernels: `deno task kernel`
 *
 * With `--check` it writes nothing, and exits with 1 if a build differs from the file in the repository. Needs cargo
 * from rustup, which installs the compiler named in rust-toolchain.toml; cargo fetches the crates in Cargo.lock.
 */
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

interface Build {
  crate: "kernel" | "builder";
  /** a module; or a script that contains one, compressed, for where only scripts can be imported */
  file: `${string}.wasm` | `${string}_wasm.ts`;
  rustFlags: string[];
}

const COMMON_FLAGS = [
  "-Ctarget-feature=+simd128,+bulk-memory",
  "-Clink-arg=-zstack-size=32768", // STACK_SIZE in stack.ts
];

// The thresholds inline the field arithmetic into the Montgomery ladder, which saves a fifth of the time. Higher ones
// make the file larger but not faster.
const NARROW_FLAGS = ['--cfg=curve25519_dalek_bits="32"', "-Cllvm-args=-inline-threshold=1500"];
const WIDE_FLAGS = [
  "-Ctarget-feature=+wide-arithmetic",
  '--cfg=curve25519_dalek_bits="64"',
  "-Cllvm-args=-inline-threshold=600",
];

/** For what pages load: no slower here, and 2 kB less. */
const COMPACT_FLAGS = ['--cfg=aes_backend_soft="compact"', '--cfg=sha2_backend_soft="compact"'];

const BUILDS: readonly Build[] = [
  { crate: "kernel", file: "kernel.wasm", rustFlags: NARROW_FLAGS },
  { crate: "kernel", file: "kernel_wide.wasm", rustFlags: WIDE_FLAGS },
  { crate: "builder", file: "builder_wasm.ts", rustFlags: [...NARROW_FLAGS, ...COMPACT_FLAGS] },
  { crate: "builder", file: "builder_wide_wasm.ts", rustFlags: [...WIDE_FLAGS, ...COMPACT_FLAGS] },
];

const kernelFolder = join(import.meta.dirname!, "..", "src", "sphinx", "kernel");

async function cargo(args: string[], env: Record<string, string> = {}): Promise<string> {
  const command = new Deno.Command("cargo", { args, env, cwd: join(kernelFolder, "rust"), stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`cargo ${args[0]} failed`);
  return new TextDecoder().decode(stdout);
}

/** The folder that cargo unpacks crates into. It differs between machines, so a flag keeps it out of the modules. */
async function cratesFolder(): Promise<string> {
  const metadata: { packages: { source: string | null; manifest_path: string }[] } = JSON.parse(
    await cargo(["metadata", "--locked", "--format-version=1"]),
  );
  const crate = metadata.packages.find(({ source }) => source !== null)!;
  return dirname(dirname(crate.manifest_path));
}

/** Builds a file in `targetFolder` and returns its contents. */
async function build({ crate, file, rustFlags }: Build, targetFolder: string): Promise<Uint8Array> {
  const target = "wasm32-unknown-unknown";
  const options = ["--locked", "--release", "--quiet", `--target=${target}`, `--target-dir=${targetFolder}`];
  await cargo(["build", `--package=${crate}`, ...options], {
    CARGO_ENCODED_RUSTFLAGS: [...commonFlags, ...rustFlags].join("\x1f"),
  });
  const module = await Deno.readFile(join(targetFolder, target, "release", `${crate}.wasm`));
  return file.endsWith(".ts") ? scriptWith(module, crate) : module;
}

function scriptWith(module: Uint8Array, crate: string): Uint8Array {
  return new TextEncoder().encode(
    `/** \`rust/${crate}\` as \`deno task kernel\` builds it: gzip in base64. */\n` +
      `export const MODULE: string =\n  "${gzipSync(module, { level: 9 }).toString("base64")}";\n`,
  );
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const isCheck = Deno.args.includes("--check");
const commonFlags = [...COMMON_FLAGS, `--remap-path-prefix=${await cratesFolder()}=crates`];
for (const each of BUILDS) {
  const { file } = each;
  const targetFolder = await Deno.makeTempDir({ prefix: "kernel_" });
  try {
    const contents = await build(each, targetFolder);
    const path = join(kernelFolder, file);
    if (!isCheck) {
      await Deno.writeFile(path, contents);
      console.log(`${file}: ${contents.length} bytes`);
    } else if (isEqual(contents, await Deno.readFile(path))) {
      console.log(`${file} matches its source`);
    } else {
      console.error(`${file} does not match its source`);
      Deno.exitCode = 1;
    }
  } finally {
    await Deno.remove(targetFolder, { recursive: true });
  }
}
