// deno-lint-ignore-file no-console -- a command
/**
 * Builds the unwrap kernels: `deno task kernel`
 *
 * With `--check` it writes nothing, and exits with 1 if a build differs from the file in the repository. Needs cargo
 * from rustup, which installs the compiler named in rust-toolchain.toml; cargo fetches the crates in Cargo.lock.
 */
import { dirname, join } from "node:path";

interface Build {
  file: string;
  rustFlags: string[];
}

const COMMON_FLAGS = [
  "-Ctarget-feature=+simd128,+bulk-memory",
  "-Clink-arg=-zstack-size=32768", // STACK_SIZE in kernel.ts
];

// The thresholds inline the field arithmetic into the Montgomery ladder, which saves a fifth of the time. Higher ones
// make the file larger but not faster.
const BUILDS: readonly Build[] = [
  {
    file: "kernel.wasm",
    rustFlags: ['--cfg=curve25519_dalek_bits="32"', "-Cllvm-args=-inline-threshold=1500"],
  },
  {
    file: "kernel_wide.wasm",
    rustFlags: [
      "-Ctarget-feature=+wide-arithmetic",
      '--cfg=curve25519_dalek_bits="64"',
      "-Cllvm-args=-inline-threshold=600",
    ],
  },
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

/** Builds a module in `targetFolder` and returns its bytes. */
async function build(rustFlags: string[], targetFolder: string): Promise<Uint8Array> {
  const target = "wasm32-unknown-unknown";
  await cargo(["build", "--locked", "--release", "--quiet", `--target=${target}`, "--target-dir", targetFolder], {
    CARGO_ENCODED_RUSTFLAGS: rustFlags.join("\x1f"),
  });
  return Deno.readFile(join(targetFolder, target, "release", "kernel.wasm"));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const isCheck = Deno.args.includes("--check");
const commonFlags = [...COMMON_FLAGS, `--remap-path-prefix=${await cratesFolder()}=crates`];
for (const { file, rustFlags } of BUILDS) {
  const targetFolder = await Deno.makeTempDir({ prefix: "kernel_" });
  try {
    const module = await build([...commonFlags, ...rustFlags], targetFolder);
    const path = join(kernelFolder, file);
    if (!isCheck) {
      await Deno.writeFile(path, module);
      console.log(`${file}: ${module.length} bytes`);
    } else if (isEqual(module, await Deno.readFile(path))) {
      console.log(`${file} matches its source`);
    } else {
      console.error(`${file} does not match its source`);
      Deno.exitCode = 1;
    }
  } finally {
    await Deno.remove(targetFolder, { recursive: true });
  }
}
