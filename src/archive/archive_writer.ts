import { dirname } from "node:path";
import { encodeItem, type Item } from "./contents.ts";
import { type Cost, makeHeader } from "./header.ts";
import { SegmentSealer } from "./segments.ts";

/**
 * Writes an archive, beside its place as `<path>.part` and for this user alone (0600), until {@linkcode finish}: there is
 * never a file at `path` that is not whole. What is disposed before is removed.
 */
export class ArchiveWriter implements Disposable {
  #isFinished = false;
  #written = 0;

  private constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    private readonly segments: SegmentSealer,
  ) {}

  /** Begins a file; what an export that was killed has left of its own goes. */
  static async create(path: string, passphrase: string, cost?: Cost): Promise<ArchiveWriter> {
    await Deno.remove(partOf(path)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    const { header, key } = makeHeader(passphrase, cost);
    const file = await Deno.open(partOf(path), { write: true, createNew: true, mode: 0o600 });
    const writer = new ArchiveWriter(path, file, new SegmentSealer(key));
    try {
      await writer.#write(header);
    } catch (error) {
      writer[Symbol.dispose]();
      throw error;
    }
    return writer;
  }

  /** Bytes in the file so far. */
  get written(): number {
    return this.#written;
  }

  async add(item: Item): Promise<void> {
    for (const segment of this.segments.push(encodeItem(item))) await this.#write(segment);
  }

  /** Puts the file in its place, when it has reached the disk. */
  async finish(): Promise<void> {
    await this.#write(this.segments.end());
    await this.file.sync();
    await Deno.rename(partOf(this.path), this.path);
    this.#isFinished = true;
    await syncFolder(dirname(this.path));
  }

  [Symbol.dispose](): void {
    this.file.close();
    if (!this.#isFinished) Deno.removeSync(partOf(this.path));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.file.write(bytes.subarray(at));
    this.#written += bytes.length;
  }
}

/** Has the names in a folder reach the disk, where the system can be asked for that. */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}

function partOf(path: string): string {
  return `${path}.part`;
}
