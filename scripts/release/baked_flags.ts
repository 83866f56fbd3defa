import { Buffer } from "node:buffer";
import { readProjectFile } from "./checkout.ts";

/**
 * The permissions and V8 flags for the executable: those of the task `run`, so that they are defined once. Omits V8
 * flags that the runtime of the executable does not know; the gateway chooses a kernel that works without them.
 */
export async function bakedFlags(): Promise<string[]> {
  const { tasks } = await readProjectFile();
  const words = tasks.run.command.split(" ");
  const permissions = words.filter((word) => word.startsWith("--allow-"));
  const v8Flags = words.filter((word) => word.startsWith("--v8-flags=")).flatMap((word) => word.slice(11).split(","));
  // Deno fetches a runtime of its own version, but DENORT_BIN may name another.
  const runtime = Buffer.from(await Deno.readFile(Deno.env.get("DENORT_BIN") || Deno.execPath()));
  const known = v8Flags.filter((flag) => runtime.includes(nameInV8(flag)));
  return known.length === 0 ? permissions : [...permissions, `--v8-flags=${known.join(",")}`];
}

/** The name in V8's table of flags, which is part of every executable with V8: "--no-opt=1" → "opt". */
function nameInV8(flag: string): string {
  return flag.replace(/^--(no-)?/, "").replace(/=.*/, "").replaceAll("-", "_");
}
