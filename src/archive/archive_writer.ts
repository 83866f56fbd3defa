import { createTarPacker, type TarPackController } from "modern-tar";
import { dirname } from "node:path";
import { isLocked } from "../files/lock.ts";
import { syncFolder } from "../files/private.ts";
import { encodeItem, type Item } from "./contents.ts";
import { sealed } from "./sealing.ts";

/** Options of {@linkcode writeArchive}. */
export interface WritingOptions {
  /** Called repeatedly with the number of bytes written so far. If it throws, writing ends with that error. */
  readonly onWritten?: (bytes: number) => void;
  /** see {@linkcode sealed} */
  readonly workFactor?: number;
}

/**
 * Writes items into a sealed file, in order, and resolves with its size in bytes. The file is for this user alone
 * (0600) and is named `<path>.part` until it is complete and on the disk, so a file at `path` is always complete. On
 * failure nothing is left. Removes the `.part` file of an export that was killed.
 * @throws {Deno.errors.Busy} if another export is writing it
 * @throws {Deno.errors.AlreadyExists} if there is a file at `path` when it is complete
 */
export async function writeArchive(
  path: string,
  passphrase: string,
  items: AsyncIterable<Item> | Iterable<Item>,
  { onWritten = () => {}, workFactor }: WritingOptions = {},
): Promise<number> {
  const part = `${path}.part`;
  if (await isLocked(part)) throw new Deno.errors.Busy("another export is writing it");
  await removeIfThere(part);
  const { readable, controller } = createTarPacker();
  let packing: Promise<void> | undefined;
  try {
    let written = 0;
    {
      using file = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
      await file.tryLock(true).catch(() => {}); // on a disk without locks, nothing shows that it is being written
      const stream = await sealed(readable, passphrase, workFactor);
      packing = pack(items, controller).catch((error) => controller.error(error)); // the stream then throws it
      for await (const bytes of stream) {
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        written += bytes.length;
        onWritten(written);
      }
      await file.sync();
    }
    if (await isThere(path)) throw new Deno.errors.AlreadyExists("it exists already");
    await Deno.rename(part, path);
    syncFolder(dirname(path));
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

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
