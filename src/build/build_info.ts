import { dirname, join } from "node:path";
import { BUILD_STAMP, type BuildStamp } from "./build_stamp.ts";
import { PRODUCT_VERSION, PROTOCOL_VERSION } from "./version.ts";

/** Which program this is. */
export interface BuildInfo {
  /** of the program (semver) */
  readonly version: string;
  /** the release of Nym whose protocol it speaks */
  readonly protocol: string;
  /** the full git hash, followed by "-modified" if files are known to differ from it; "unknown" if there is none */
  readonly commit: string;
  /** processor, system and C library, as in "x86_64-unknown-linux-gnu" */
  readonly target: string;
  /** version of the runtime */
  readonly deno: string;
  /** version of its engine */
  readonly v8: string;
  /** whether it runs as an executable from `deno task compile`, not from a checkout */
  readonly compiled: boolean;
}

/** Describes the running program. A checkout reads its commit from .git, which takes permission. */
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

/** The commit checked out in `folder`, otherwise "unknown". Reads git's files, because the program may not run git. */
export function headCommit(folder: string): string {
  const git = join(folder, ".git");
  const head = read(join(git, "HEAD")) ?? read(join(worktree(git), "HEAD"));
  const branch = /^ref: (\S+)/.exec(head ?? "")?.[1];
  if (branch === undefined) return head?.trim() ?? "unknown";
  const shared = read(join(git, "HEAD")) === undefined ? dirname(dirname(worktree(git))) : git;
  const packed = new RegExp(`^(\\w+) ${RegExp.escape(branch)}$`, "m");
  return read(join(shared, branch))?.trim() ?? packed.exec(read(join(shared, "packed-refs")) ?? "")?.[1] ?? "unknown";
}

/** In an additional worktree, `.git` is a file with the path of the folder that contains HEAD. */
function worktree(git: string): string {
  return /^gitdir: (.+)$/m.exec(read(git) ?? "")?.[1] ?? git;
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined; // missing, a folder, or not permitted
  }
}
