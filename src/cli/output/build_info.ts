import type { BuildInfo } from "../../build/build_info.ts";
import { print, printText } from "./output.ts";

/** What `--version` prints, as in "nym-gateway 1.0.0 (protocol 0.7.0, commit 0123456789ab, target …, deno 2.9.6)". */
export function versionLine({ version, protocol, commit, target, deno }: BuildInfo): string {
  const shortCommit = `${commit.slice(0, 12)}${commit.endsWith("-modified") ? "-modified" : ""}`;
  return `nym-gateway ${version} (protocol ${protocol}, commit ${shortCommit}, target ${target}, deno ${deno})`;
}

/** Prints a line for each thing that is known about the program, as in "commit: 0123…", or an object as JSON. */
export function printBuildInfo(info: BuildInfo, output: string | undefined): void {
  if (output === "json") return printText(JSON.stringify(info, undefined, 2));
  for (const [name, value] of Object.entries(info)) print(`${name}: ${value}`);
}
