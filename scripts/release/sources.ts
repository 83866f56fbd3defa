import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { askForStamp, CHECKOUT } from "./checkout.ts";

/** A folder that is removed when it is disposed. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Creates a temporary folder, `within` another one or where the system has them. */
export async function temporaryFolder(within?: string): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "nym-gateway-compile-", ...within !== undefined && { dir: within } });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Copies the gateway's sources into an empty folder and writes the commit into build_stamp.ts. */
export async function copyStampedSources(to: string): Promise<void> {
  for (const file of ["main.ts", "deno.json", "deno.lock"]) {
    await Deno.copyFile(join(CHECKOUT, file), join(to, file));
  }
  // without the Rust source of the kernels, which are included as built
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
  if (stamped === original) throw new Error(`${path} has no declaration of BUILD_STAMP to replace`);
  await Deno.writeTextFile(path, stamped);
}
