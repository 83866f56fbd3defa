import { createTarPacker, type TarPackController } from "modern-tar";
import { dirname } from "node:path";
import { encodeItem, type Item } from "./contents.ts";
import { sealed } from "./sealing.ts";

export interface WritingOptions {
  /** Called now and then with the bytes in the file so far; what it throws ends the writing. */
  readonly onWritten?: (bytes: number) => void;
  /** see {@linkcode sealed} */
  readonly workFactor?: number;
}

/**
 * Writes items into a sealed file, in order, and resolves with its size in bytes. It is beside its place as `<path>.part`,
 * and for this user alone (0600), until it is whole and on the disk: there is never a file at `path` that is not. When that
 * fails, nothing is left; what an export that was killed has left of its own goes.
 */
export async function writeArchive(
  path: string,
  passphrase: string,
  items: AsyncIterable<Item> | Iterable<Item>,
  { onWritten = () => {}, workFactor }: WritingOptions = {},
): Promise<number> {
  const part = `${path}.part`;
  await removeIfThere(part);
  const { readable, controller } = createTarPacker();
  let packing: Promise<void> | undefined;
  try {
    let written = 0;
    {
      using file = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
      const stream = await sealed(readable, passphrase, workFactor);
      packing = pack(items, controller).catch((error) => controller.error(error)); // which the stream then throws
      for await (const bytes of stream) {
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        written += bytes.length;
        onWritten(written);
      }
      await file.sync();
    }
    await Deno.rename(part, path);
    await syncFolder(dirname(path));
    return written;
  } catch (error) {
    await removeIfThere(part);
    throw error;
  } finally {
    await packing;
  }
}

async function pack(items: AsyncIterable<Item> | Iterable<Item>, controller: TarPackController): Promise<void> {
  for await (const item of items) {
    const { name, size, pieces } = encodeItem(item);
    const body = controller.add({ name, size, mode: 0o600 }).getWriter();
    for await (const piece of pieces) await body.write(piece);
    await body.close();
  }
  controller.finalize();
}

/** Has the names in a folder reach the disk, where the system can be asked for that. */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
