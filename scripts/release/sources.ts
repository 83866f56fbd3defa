import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { askForStamp, CHECKOUT } from "./checkout.ts";

/** A folder that is gone at the end of its scope. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "nym-gateway-compile-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Copies what the gateway is made of into an empty folder, with the stamp of the commit in its place. */
export async function copyStampedSources(to: string): Promise<void> {
  for (const file of ["main.ts", "deno.json", "deno.lock"]) {
    await Deno.copyFile(join(CHECKOUT, file), join(to, file));
  }
  // without the kernel's source, which is beside what it is built to
  await cp(join(CHECKOUT, "src"), join(to, "src"), { recursive: true, filter: (file) => basename(file) !== "rust" });
  await writeStamp(join(to, "src", "build", "build_stamp.ts"));
}

async function writeStamp(path: string): Promise<void> {
  const original = await Deno.readTextFile(path);
  const stamp = await askForStamp() ?? { commit: "unknown", modified: false };
  const stamped = original.replace(
    /(BUILD_STAMP: BuildStamp \| undefined = )undefined;/,
    `$1${JSON.stringify(stamp)};`,
  );
  if (stamped === original) throw new Error(`${path} has no place for the stamp`);
  await Deno.writeTextFile(path, stamped);
}
