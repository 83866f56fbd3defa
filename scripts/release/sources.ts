import { join } from "node:path";
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
  await copyFolder(join(CHECKOUT, "src"), join(to, "src"));
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

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (name === "rust") continue; // the kernel's source, beside what it is built to
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}
