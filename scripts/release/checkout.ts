import { join } from "node:path";
import type { BuildStamp } from "../../src/build/build_stamp.ts";

/** The project's folder. */
export const CHECKOUT: string = join(import.meta.dirname!, "..", "..");

/** The parts of deno.json that matter for a release. */
export interface ProjectFile {
  name: string;
  version: string;
  license: string;
  unstable: string[];
  imports: Record<string, string>;
  tasks: { run: { command: string } };
}

/** Reads deno.json. */
export async function readProjectFile(): Promise<ProjectFile> {
  return JSON.parse(await Deno.readTextFile(join(CHECKOUT, "deno.json")));
}

/** The stamp of the current commit; undefined outside a git checkout. */
export async function askForStamp(): Promise<BuildStamp | undefined> {
  const commit = await output("git", "rev-parse", "HEAD");
  if (commit === undefined) return undefined;
  return { commit: commit.trim(), modified: (await output("git", "status", "--porcelain")) !== "" };
}

/** The output of a program run in the checkout; undefined if it fails or does not exist. */
async function output(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, cwd: CHECKOUT, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
