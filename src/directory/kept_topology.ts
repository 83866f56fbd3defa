import { openPrivateFile } from "../files/private.ts";
import type { Addresses } from "./listing.ts";

/** The part of the last good topology that is saved, for a start while the directory is down. */
export interface KeptTopology {
  /** ms since 1970 */
  readonly receivedAt: number;
  /** the mixnodes' `ip:port` */
  readonly mixnodes: readonly string[];
  /** what this gateway announced at that time */
  readonly announced: Addresses;
  /** when the directory signed it, ms since 1970, if it did: an older one is refused */
  readonly signedAt?: number;
}

/** The file's name, in the folder of the inboxes. */
export const KEPT_TOPOLOGY = "topology.json";
/** The longest file that is read, in bytes: four times what the largest number of mixnodes takes. */
const MAX_SIZE = 4 * 1024 * 1024;

/** Reads the file; undefined if it is missing or damaged. It is useful, but nothing depends on it. Never rejects. */
export async function readKeptTopology(path: string): Promise<KeptTopology | undefined> {
  try {
    if ((await Deno.stat(path)).size > MAX_SIZE) return undefined;
    const json: unknown = JSON.parse(await Deno.readTextFile(path));
    return isKeptTopology(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file atomically; only this user can read it. Throws the errors of the file system. */
export async function writeKeptTopology(path: string, kept: KeptTopology): Promise<void> {
  const unfinished = `${path}.part`;
  {
    using file = openPrivateFile(unfinished, { write: true, truncate: true });
    const bytes = new TextEncoder().encode(JSON.stringify(kept));
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    await file.sync();
  }
  await Deno.rename(unfinished, path);
}

function isKeptTopology(json: unknown): json is KeptTopology {
  if (typeof json !== "object" || json === null) return false;
  const { receivedAt, mixnodes, announced, signedAt } = json as Partial<KeptTopology>;
  return typeof receivedAt === "number" && (signedAt === undefined || typeof signedAt === "number") &&
    Array.isArray(mixnodes) && mixnodes.every(isText) &&
    isText(announced?.mixnetListener) && isText(announced.clientListener);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
