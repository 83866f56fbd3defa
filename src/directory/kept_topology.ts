import { reasonOf } from "../errors/operator_error.ts";
import { replacePrivateFile } from "../files/private.ts";
import { refuseIrregular } from "../files/regular.ts";
import { logger } from "../logging/log.ts";
import type { Addresses } from "./listing.ts";

/** The topology is saved when it changes, and at this interval (ms) to update its age. */
const KEEPING_INTERVAL = 10 * 60_000;

const log = logger("nym_gateway::node::presence");

/** The part of the last good topology that is saved, for a start while the directory is down. */
export interface KeptTopology {
  /** ms since 1970 */
  readonly receivedAt: number;
  /** the `ip:port` of the nodes that packets may go to */
  readonly mixnodes: readonly string[];
  /** what this gateway announced at that time; a mixnode does not need it */
  readonly announced?: Addresses;
  /** when the directory signed it, ms since 1970, if it did: an older one is refused */
  readonly signedAt?: number;
}

/** The file's name, in the folder of the inboxes or of a mixnode's state. */
export const KEPT_TOPOLOGY = "topology.json";
/** The longest file that is read, in bytes: four times what the largest number of mixnodes takes. */
const MAX_SIZE = 4 * 1024 * 1024;

/**
 * Reads the file; undefined if it is missing, or damaged, which is logged if it is not JSON or no file. It is useful, but
 * nothing depends on it. Never rejects.
 */
export async function readKeptTopology(path: string): Promise<KeptTopology | undefined> {
  try {
    refuseIrregular(path);
    if ((await Deno.stat(path)).size > MAX_SIZE) return undefined;
    const json: unknown = JSON.parse(await Deno.readTextFile(path));
    return isKeptTopology(json) ? json : undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) log.warn(`cannot use the saved topology ${path}: ${reasonOf(error)}`);
    return undefined;
  }
}

/** Saves the latest topology for the next start. */
export class TopologyKeeper {
  #written = { at: -Infinity, mixnodes: "" };
  #isFailing = false;

  /** Saves to the file `path`, with what this gateway announces. */
  constructor(private readonly path: string, private readonly announced?: Addresses) {}

  /** Takes a topology that was received at `receivedAt`, and perhaps signed, in ms since 1970. Never rejects. */
  async keep(receivedAt: number, mixnodes: readonly string[], signedAt: number | undefined): Promise<void> {
    const text = mixnodes.join();
    if (text === "") return; // as after a restart of the directory: the saved topology is more useful
    if (text === this.#written.mixnodes && receivedAt - this.#written.at < KEEPING_INTERVAL) return;
    const { announced } = this;
    try {
      await writeKeptTopology(this.path, {
        receivedAt,
        mixnodes,
        ...announced !== undefined && { announced },
        ...signedAt !== undefined && { signedAt },
      });
      this.#written = { at: receivedAt, mixnodes: text };
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) log.warn(`cannot save the topology for the next start: ${reasonOf(error)}`);
      this.#isFailing = true;
    }
  }
}

/** Replaces the file atomically; only this user can read it. Throws the errors of the file system. */
export async function writeKeptTopology(path: string, kept: KeptTopology): Promise<void> {
  const unfinished = `${path}.part`;
  {
    using file = replacePrivateFile(unfinished);
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
    (announced === undefined || isText(announced.mixnetListener) && isText(announced.clientListener));
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
