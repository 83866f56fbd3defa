import { dirname } from "node:path";
import type { Random } from "../support/random.ts";
import type { Operation } from "./trace.ts";

/** Bytes of a sector, which a disk writes completely or not at all. */
const SECTOR_SIZE = 512;

type Change = Extract<Operation, { kind: "write" | "truncate" }> & { index: number };

/** The contents of a file, independent of its name. */
interface Contents {
  onDisk: Uint8Array;
  /** since the last sync, in order */
  pending: Change[];
}

interface Renaming {
  index: number;
  path: string;
  /** undefined: removed */
  contents: Contents | undefined;
}

/** How much of the unsynced data is on the disk when the power fails. */
export const LOSSES = ["all", "nothing", "any writes", "any sectors", "the last write only"] as const;
export type Loss = typeof LOSSES[number];

/**
 * A folder on a disk as a program wrote it, and what may be missing when the power fails: anything without a completed
 * sync, names as well as contents, in part or out of order.
 */
export class TracedDisk {
  readonly #names = new Map<string, Contents>();
  readonly #namesOnDisk = new Map<string, Contents>();
  #renamings: Renaming[] = [];
  #index = 0;

  /** `files`: the files on the disk before the first operation, by path. */
  constructor(files: ReadonlyMap<string, Uint8Array>) {
    for (const [path, bytes] of files) {
      const contents = { onDisk: bytes, pending: [] };
      this.#names.set(path, contents);
      this.#namesOnDisk.set(path, contents);
    }
  }

  /** Call for each operation of a trace, in order. */
  apply(operation: Operation): void {
    const index = this.#index++;
    switch (operation.kind) {
      case "create":
        if (!this.#names.has(operation.path)) {
          this.#rename(index, operation.path, { onDisk: new Uint8Array(), pending: [] });
        }
        break;
      case "remove":
        this.#rename(index, operation.path, undefined);
        break;
      case "write":
      case "truncate":
        this.#names.get(operation.path)!.pending.push({ ...operation, index });
        break;
      case "sync":
        this.#sync(operation.path, operation.from);
        break;
    }
  }

  /** The files found if the power failed now, by path. */
  afterPowerLoss(loss: Loss, random: Random): Map<string, Uint8Array> {
    const names = new Map(this.#namesOnDisk);
    for (const renaming of survivors(this.#renamings, loss, random)) apply(names, renaming);
    const files = new Map<string, Uint8Array>();
    for (const [path, { onDisk, pending }] of names) {
      const sectors = loss === "any sectors" ? random : undefined;
      files.set(path, changed(onDisk, survivors(pending, loss, random), sectors));
    }
    return files;
  }

  #rename(index: number, path: string, contents: Contents | undefined): void {
    const renaming = { index, path, contents };
    apply(this.#names, renaming);
    this.#renamings.push(renaming);
  }

  #sync(path: string, from: number): void {
    const contents = this.#names.get(path);
    if (contents !== undefined) {
      contents.onDisk = changed(contents.onDisk, contents.pending.filter(({ index }) => index < from));
      contents.pending = contents.pending.filter(({ index }) => index >= from);
      return;
    }
    const isHere = (renaming: Renaming) => renaming.index < from && dirname(renaming.path) === path;
    for (const renaming of this.#renamings.filter(isHere)) apply(this.#namesOnDisk, renaming);
    this.#renamings = this.#renamings.filter((renaming) => !isHere(renaming));
  }
}

function apply(names: Map<string, Contents>, { path, contents }: Renaming): void {
  if (contents === undefined) names.delete(path);
  else names.set(path, contents);
}

function survivors<T>(pending: readonly T[], loss: Loss, random: Random): readonly T[] {
  switch (loss) {
    case "all":
      return pending;
    case "nothing":
      return [];
    case "the last write only":
      return pending.slice(-1);
    default:
      return pending.filter(() => random.oneIn(2));
  }
}

/** The bytes after these changes. With `sectors`, any written sectors may be missing. */
function changed(before: Uint8Array, changes: readonly Change[], sectors?: Random): Uint8Array {
  const ends = changes.map((change) => change.kind === "write" ? change.at + change.data.length : change.size);
  const bytes = new Uint8Array(Math.max(before.length, ...ends));
  bytes.set(before);
  let size = before.length;
  changes.forEach((change, i) => {
    if (change.kind === "truncate") bytes.fill(0, change.size);
    else writeSectors(bytes, change.at, change.data, sectors);
    size = change.kind === "truncate" ? change.size : Math.max(size, ends[i]!);
  });
  return bytes.subarray(0, size);
}

function writeSectors(bytes: Uint8Array, at: number, data: Uint8Array, sectors?: Random): void {
  for (let from = 0; from < data.length;) {
    const to = Math.min(data.length, from + SECTOR_SIZE - (at + from) % SECTOR_SIZE);
    if (sectors === undefined || sectors.oneIn(2)) bytes.set(data.subarray(from, to), at + from);
    from = to;
  }
}
