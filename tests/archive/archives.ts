import { packTar, type TarEntry } from "modern-tar";
import { ArchiveReader } from "../../src/archive/archive_reader.ts";
import { type ArchivedFile, encodeItem, fileOf, type Item } from "../../src/archive/contents.ts";
import { sealed } from "../../src/archive/sealing.ts";
import type { TemporaryFolder } from "../support/temporary_folder.ts";

export const PASSPHRASE = "correct horse battery";
/** Derives a key from a passphrase in no time. */
export const QUICK = { workFactor: 1 };

/** The items of an archive with entries in each database. */
export const ITEMS: readonly Item[] = [
  { kind: "manifest", manifest: { id: "lighthouse", version: "0.7.0", exported: "2026-11-23T06:20:45.000Z" } },
  { kind: "file", ...fileOf("config.toml", '[gateway]\nid = "lighthouse"\n') },
  { kind: "file", ...fileOf("private_sphinx.pem", "private") },
  { kind: "file", ...fileOf("public_sphinx.pem", "public") },
  { kind: "file", ...fileOf("storage_key.pem", "storage") },
  { kind: "file", ...fileOf("replay/0000000007.tags", new Uint8Array(1000).fill(7)) },
  { kind: "file", ...fileOf("replay/0000000008.tags", "") },
  {
    kind: "entries",
    database: "ledger",
    number: 1,
    entries: [{ key: ["client", Uint8Array.of(0, 255)], value: Uint8Array.of(1, 2, 3) }],
  },
  { kind: "entries", database: "mailbox", number: 1, entries: [{ key: ["probe"], value: 1_700_000_000_000 }] },
  { kind: "entries", database: "mailbox", number: 2, entries: [{ key: ["inbox", 2], value: new Uint8Array(65_536) }] },
];

/** An item with its contents in memory, for comparison. */
export type ReadItem = Exclude<Item, { kind: "file" }> | { kind: "file"; name: string; bytes: Uint8Array };

/** The items of the archive in a file. */
export async function itemsIn(path: string, passphrase = PASSPHRASE): Promise<ReadItem[]> {
  using archive = await ArchiveReader.open(path);
  return await readItems(archive.items(passphrase));
}

export async function readItems(items: AsyncIterable<Item> | Iterable<Item>): Promise<ReadItem[]> {
  const read: ReadItem[] = [];
  for await (const item of items) read.push(item.kind === "file" ? await readFile(item) : item);
  return read;
}

async function readFile({ name, pieces }: ArchivedFile): Promise<ReadItem> {
  return { kind: "file", name, bytes: await bytesOf(pieces) };
}

/** A tar archive of these items and other entries. */
export async function tarOf(...items: readonly (Item | TarEntry)[]): Promise<Uint8Array<ArrayBuffer>> {
  return await packTar(
    await Promise.all(items.map(async (item) => {
      if ("header" in item) return item;
      const { name, size, pieces } = encodeItem(item);
      return { header: { name, size }, body: await bytesOf(pieces) };
    })),
  );
}

/** Seals bytes into a file as an export would, and returns its path. */
export async function sealedFile(
  folder: TemporaryFolder,
  plain: Uint8Array<ArrayBuffer>,
  passphrase = PASSPHRASE,
): Promise<string> {
  const path = folder.file("sealed.age");
  await Deno.writeFile(path, await sealed(ReadableStream.from([plain]), passphrase, QUICK.workFactor));
  return path;
}

async function bytesOf(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces) parts.push(piece.slice());
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
