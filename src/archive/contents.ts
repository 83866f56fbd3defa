import type { Entry } from "../mailbox/stored_entry.ts";
import { ArchiveError } from "./archive_error.ts";
import { decodeEntries, encodeEntries } from "./entries.ts";

/** The description at the start of an archive. */
export interface Manifest {
  /** the name of the exported gateway, which may be any text */
  readonly id: string;
  /** the version of the program that wrote it */
  readonly version: string;
  /** the time of the export, as in 2026-11-23T06:20:45.000Z */
  readonly exported: string;
}

/** The files that every archive contains exactly once. */
export const FILES = ["config.toml", "private_sphinx.pem", "public_sphinx.pem", "storage_key.pem"] as const;
/** The databases of a gateway. */
export const DATABASES = ["ledger", "mailbox"] as const;
/** The name of a database. */
export type Database = typeof DATABASES[number];

/** A piece of an archive. The manifest comes first. */
export type Item =
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "file" } & ArchivedFile
  /** some entries of a database; `number` counts from 1 for each database */
  | { readonly kind: "entries"; readonly database: Database; readonly number: number; readonly entries: Entry[] };

/** A file in the sealed tar archive: `manifest.json`, one of FILES, tags or entries. */
export interface ArchivedFile {
  /** with folders, as in `mailbox/000001.msgpack` */
  readonly name: string;
  /** bytes */
  readonly size: number;
  /** its contents, in order; can be read once */
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * The most bytes of a file that is read into memory: more than any has. Files of tags are copied to disk and not
 * bounded.
 */
export const MAX_FILE_SIZE = 1_048_576;

const MANIFEST = "manifest.json";
const FORMAT = 1;
/** The files with the tags of packets seen. There may be any number. */
const TAG_FILE = /^replay\/\d{10}\.(?:seen|tags)$/;
const ENTRIES = /^(?<database>\w+)\/(?<number>\d{6})\.msgpack$/;

/** Whether a name is that of a file with tags of packets seen. */
export function isTagFile(name: string): boolean {
  return TAG_FILE.test(name);
}

/** An archived file with contents in memory. */
export function fileOf(name: string, bytes: Uint8Array | string): ArchivedFile {
  const contents = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return { name, size: contents.length, pieces: [contents] };
}

/** Encodes an item as a file of the archive. */
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

/** Decodes the files of an archive as items, and checks that they are exactly those of a gateway. */
export class ContentsReader {
  readonly #names = new Set<string>();
  readonly #numbers: Record<Database, number> = { ledger: 0, mailbox: 0 };

  /** Decodes the next file. @throws {ArchiveError} if it is invalid, unknown, duplicate or out of order */
  async read(file: ArchivedFile): Promise<Item> {
    const { name } = file;
    if ((name === MANIFEST) !== (this.#names.size === 0)) throw new ArchiveError("its manifest is not its first file");
    if (this.#names.has(name)) throw new ArchiveError("it contains a file twice");
    this.#names.add(name);
    if (isTagFile(name)) return { kind: "file", ...file };
    const bytes = await bytesOf(file);
    if (name === MANIFEST) return { kind: "manifest", manifest: decodeManifest(bytes) };
    if (FILES.some((known) => known === name)) return { kind: "file", ...fileOf(name, bytes) };
    const { database, number } = this.#place(name);
    return { kind: "entries", database, number, entries: decodeEntries(bytes) };
  }

  /** Call after the last file. @throws {ArchiveError} if a required file was missing */
  end(): void {
    const missing = [MANIFEST, ...FILES].find((name) => !this.#names.has(name));
    if (missing !== undefined) throw new ArchiveError(`it does not contain ${missing}`);
  }

  #place(name: string): { database: Database; number: number } {
    const groups = ENTRIES.exec(name)?.groups;
    const database = DATABASES.find((known) => known === groups?.["database"]);
    if (database === undefined) throw new ArchiveError("it contains a file that does not belong to a gateway");
    const number = Number(groups!["number"]);
    if (number !== ++this.#numbers[database]) throw new ArchiveError(`a part of its ${database} is missing`);
    return { database, number };
  }
}

async function bytesOf({ size, pieces }: ArchivedFile): Promise<Uint8Array> {
  if (size > MAX_FILE_SIZE) throw new ArchiveError("a file in it is too large");
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
      `it has format ${format}, but this program reads format ${FORMAT}: is the program outdated?`,
    );
  }
  if (format === FORMAT && typeof id === "string" && isWord(version) && isWord(exported)) {
    return { id, version, exported };
  }
  throw new ArchiveError("its manifest is invalid");
}

/** Whether a value is short text that is safe to print on a terminal. */
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
  throw new ArchiveError("its manifest is invalid");
}
