import { join } from "node:path";
import { REFERENCE } from "./gateway_process.ts";

/** Runs the load generator of the reference programs; resolves with what it prints. */
export async function load(...args: (string | number)[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(join(REFERENCE!, "sphinx-load"), {
    args: args.map(String),
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`sphinx-load ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
  return text;
}

/** A number in the generator's report, such as `received 5000 of 5000 distinct, 0 duplicates, …`. */
export function reported(report: string, pattern: RegExp): number {
  const match = pattern.exec(report);
  if (match === null) throw new Error(`no ${pattern} in the report: ${report}`);
  return Number(match[1]);
}
