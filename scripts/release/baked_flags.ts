import { Buffer } from "node:buffer";
import { readProjectFile } from "./checkout.ts";

/**
 * The permissions and V8 flags that go into the program: those of the task `run`, so that there is one place for them. A
 * V8 flag that the runtime in the program does not know is left out; the gateway chooses its kernel by what it finds.
 */
export async function bakedFlags(): Promise<string[]> {
  const { tasks } = await readProjectFile();
  const words = tasks.run.command.split(" ");
  const permissions = words.filter((word) => word.startsWith("--allow-"));
  const v8Flags = words.filter((word) => word.startsWith("--v8-flags=")).flatMap((word) => word.slice(11).split(","));
  // Deno and the runtime that it fetches are of one version; the one that DENORT_BIN names may be of another.
  const runtime = Buffer.from(await Deno.readFile(Deno.env.get("DENORT_BIN") || Deno.execPath()));
  const known = v8Flags.filter((flag) => runtime.includes(nameInV8(flag)));
  return known.length === 0 ? permissions : [...permissions, `--v8-flags=${known.join(",")}`];
}

/** As in V8's table of flags, which is part of every program that V8 is in: "--no-opt=1" → "opt". */
function nameInV8(flag: string): string {
  return flag.replace(/^--(no-)?/, "").replace(/=.*/, "").replaceAll("-", "_");
}
