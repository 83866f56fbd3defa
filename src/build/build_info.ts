import { dirname, join } from "node:path";
import { BUILD_STAMP, type BuildStamp } from "./build_stamp.ts";
import { PRODUCT_VERSION, PROTOCOL_VERSION } from "./version.ts";

/** Which program this is. */
export interface BuildInfo {
  /** the program's own */
  readonly version: string;
  /** the release of Nym that it speaks */
  readonly protocol: string;
  /** of git, in full, with "-modified" when it is known that files differed from it; "unknown" if no one can tell */
  readonly commit: string;
  /** processor, system and C library, as in "x86_64-unknown-linux-gnu" */
  readonly target: string;
  readonly deno: string;
  readonly v8: string;
  /** One file, made by `deno task compile`, as opposed to a checkout. */
  readonly compiled: boolean;
}

/** What is known about the program that runs; a checkout is asked for its commit, which takes permission to read it. */
export function buildInfo(): BuildInfo {
  const stamp: BuildStamp | undefined = BUILD_STAMP;
  return {
    version: PRODUCT_VERSION,
    protocol: PROTOCOL_VERSION,
    commit: stamp === undefined ? headCommit(join(import.meta.dirname!, "..", "..")) : describe(stamp),
    target: Deno.build.target,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    compiled: stamp !== undefined,
  };
}

function describe({ commit, modified }: BuildStamp): string {
  return modified ? `${commit}-modified` : commit;
}

/** The commit that is checked out in `folder`, from git's own files since no program may be run; else "unknown". */
export function headCommit(folder: string): string {
  const git = join(folder, ".git");
  const head = read(join(git, "HEAD")) ?? read(join(worktree(git), "HEAD"));
  const branch = /^ref: (\S+)/.exec(head ?? "")?.[1];
  if (branch === undefined) return head?.trim() ?? "unknown";
  const shared = read(join(git, "HEAD")) === undefined ? dirname(dirname(worktree(git))) : git;
  const packed = new RegExp(`^(\\w+) ${RegExp.escape(branch)}$`, "m");
  return read(join(shared, branch))?.trim() ?? packed.exec(read(join(shared, "packed-refs")) ?? "")?.[1] ?? "unknown";
}

/** A further worktree has a file in the place of `.git`, which names the folder with its HEAD. */
function worktree(git: string): string {
  return /^gitdir: (.+)$/m.exec(read(git) ?? "")?.[1] ?? git;
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined; // not there, a folder, or not for us
  }
}
