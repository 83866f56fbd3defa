import { openPrivateFile } from "../files/private.ts";
import type { Addresses } from "./listing.ts";

/** What a gateway keeps of the last good topology, for a start at which the directory fails. */
export interface KeptTopology {
  /** ms since 1970 */
  readonly receivedAt: number;
  /** the mixnodes' `ip:port` */
  readonly mixnodes: readonly string[];
  /** what this gateway announced then */
  readonly announced: Addresses;
}

/** The file, in the folder of the inboxes. */
export const KEPT_TOPOLOGY = "topology.json";
/** Bytes of a file that is read: four times what as many mixnodes as are ever taken have. */
const MAX_SIZE = 4 * 1024 * 1024;

/** Undefined when there is none, or it is not as it was written: it is of use, but nothing depends on it. */
export async function readKeptTopology(path: string): Promise<KeptTopology | undefined> {
  try {
    if ((await Deno.stat(path)).size > MAX_SIZE) return undefined;
    const json: unknown = JSON.parse(await Deno.readTextFile(path));
    return isKeptTopology(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file, for this user alone, as a whole or not at all. Throws what the file system does. */
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
  const { receivedAt, mixnodes, announced } = json as Partial<KeptTopology>;
  return typeof receivedAt === "number" && Array.isArray(mixnodes) && mixnodes.every(isText) &&
    isText(announced?.mixnetListener) && isText(announced.clientListener);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
