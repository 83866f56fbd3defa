import type { Entry } from "../mailbox/stored_entry.ts";
import { ArchiveError } from "./archive_error.ts";
import { decodeEntries, encodeEntries } from "./entries.ts";

/** What an archive says of itself, first of all. */
export interface Manifest {
  /** the name of the gateway where it was exported */
  readonly id: string;
  /** the program that made it */
  readonly version: string;
  /** when, as in 2026-11-23T06:20:45.000Z */
  readonly exported: string;
}

/** The files that each archive has, once. */
export const FILES = ["config.toml", "private_sphinx.pem", "public_sphinx.pem", "storage_key.pem"] as const;
export const DATABASES = ["ledger", "mailbox"] as const;
export type Database = typeof DATABASES[number];

/** What goes into an archive, and comes out of it again. The manifest is first. */
export type Item =
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "file" } & ArchivedFile
  /** some entries of a database, numbered from 1 for each */
  | { readonly kind: "entries"; readonly database: Database; readonly number: number; readonly entries: Entry[] };

/** A file in the tar archive that is sealed: `manifest.json`, one of FILES, tags or entries. */
export interface ArchivedFile {
  readonly name: string;
  readonly size: number;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Bytes of each file but tags, which are not bounded, as they go to the disk unread: more than any of them has. */
export const MAX_FILE_SIZE = 1_048_576;

const MANIFEST = "manifest.json";
const FORMAT = 1;
/** Those with the tags of packets seen, of which there may be any number. */
const TAG_FILE = /^replay\/\d{10}\.tags$/;
const ENTRIES = /^(?<database>\w+)\/(?<number>\d{6})\.msgpack$/;

export function isTagFile(name: string): boolean {
  return TAG_FILE.test(name);
}

/** A file in memory. */
export function fileOf(name: string, bytes: Uint8Array | string): ArchivedFile {
  const contents = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return { name, size: contents.length, pieces: [contents] };
}

export function encodeItem(item: Item): ArchivedFile {
  switch (item.kind) {
    case "manifest":
      return fileOf(MANIFEST, `${JSON.stringify({ format: FORMAT, ...item.manifest }, undefined, 2)}\n`);
    case "file":
      return item;
    case "entries": {
      const number = `${item.number}`.padStart(6, "0");
      return fileOf(`${item.database}/${number}.msgpack`, encodeEntries(item.entries));
    }
  }
}

/** Reads the files of an archive as items, and sees to it that they are those of a gateway, and all of them. */
export class ContentsReader {
  readonly #names = new Set<string>();
  readonly #numbers: Record<Database, number> = { ledger: 0, mailbox: 0 };

  /** @throws {ArchiveError} at a file that is none of ours, or in the wrong place */
  async read(file: ArchivedFile): Promise<Item> {
    const { name } = file;
    if ((name === MANIFEST) !== (this.#names.size === 0)) throw new ArchiveError("its manifest is not its first file");
    if (this.#names.has(name)) throw new ArchiveError("it has a file twice");
    this.#names.add(name);
    if (isTagFile(name)) return { kind: "file", ...file };
    const bytes = await bytesOf(file);
    if (name === MANIFEST) return { kind: "manifest", manifest: decodeManifest(bytes) };
    if (FILES.some((known) => known === name)) return { kind: "file", ...fileOf(name, bytes) };
    const { database, number } = this.#place(name);
    return { kind: "entries", database, number, entries: decodeEntries(bytes) };
  }

  /** @throws {ArchiveError} unless all was there */
  end(): void {
    const missing = [MANIFEST, ...FILES].find((name) => !this.#names.has(name));
    if (missing !== undefined) throw new ArchiveError(`${missing} is not in it`);
  }

  #place(name: string): { database: Database; number: number } {
    const groups = ENTRIES.exec(name)?.groups;
    const database = DATABASES.find((known) => known === groups?.["database"]);
    if (database === undefined) throw new ArchiveError("it has a file of a name that no file of a gateway has");
    const number = Number(groups!["number"]);
    if (number !== ++this.#numbers[database]) throw new ArchiveError(`a part of its ${database} is missing`);
    return { database, number };
  }
}

async function bytesOf({ size, pieces }: ArchivedFile): Promise<Uint8Array> {
  if (size > MAX_FILE_SIZE) throw new ArchiveError("a file in it is too long");
  const bytes = new Uint8Array(size);
  let filled = 0;
  for await (const piece of pieces) {
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes;
}

function decodeManifest(bytes: Uint8Array): Manifest {
  const { format, id, version, exported } = decodeJson(bytes);
  if (Number.isSafeInteger(format) && format !== FORMAT) {
    throw new ArchiveError(
      `it is of format ${format}, and this program reads format ${FORMAT}: see whether it is older`,
    );
  }
  if (format === FORMAT && isWord(id) && isWord(version) && isWord(exported)) return { id, version, exported };
  throw new ArchiveError("its manifest is not right");
}

/** What can be shown on a terminal, and is short. */
function isWord(value: unknown): value is string {
  return typeof value === "string" && /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u.test(value);
}

function decodeJson(bytes: Uint8Array): Readonly<{ [name: string]: unknown }> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null) return value as { [name: string]: unknown };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ArchiveError("its manifest is not right");
}
