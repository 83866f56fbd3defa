import { ArchiveError } from "./archive_error.ts";
import type { Entry } from "../mailbox/transfer.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import { type ArchiveRecord, encodeRecord } from "./records.ts";

/** What an archive says of itself, first of all. */
export interface Manifest {
  /** the name of the gateway where it was exported */
  readonly id: string;
  /** the program that made it */
  readonly version: string;
  /** when, as in 2026-11-23T06:20:45.000Z */
  readonly exported: string;
}

/** What was exported, said last of all. */
export interface Totals {
  readonly clients: number;
  readonly messages: number;
  /** entries of all databases */
  readonly entries: number;
}

/** The files and databases that each archive has, once. */
export const FILES = ["config.toml", "private_sphinx.pem", "public_sphinx.pem", "storage_key.pem"] as const;
export const DATABASES = ["ledger", "mailbox"] as const;
export type Database = typeof DATABASES[number];
/** Those with the tags of packets seen, of which there may be any number. Nothing else is ever a name of a file. */
const TAG_FILE = /^replay\/\d{10}\.tags$/;

/**
 * The contents of an archive, in order: the manifest; files, each followed by its pieces; databases, each followed by its
 * entries; the totals. Each is a record (records.ts); manifest and totals are JSON, names are text.
 */
export type Item =
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  | { readonly kind: "database"; readonly name: Database }
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "totals"; readonly totals: Totals };

/** Bytes of configuration and keys, each: more than any of them has. Tags are not bounded, as they go to the disk unread. */
export const MAX_FILE_SIZE = 1_048_576;

/** The numbers that records have for their kinds. */
const KINDS = { manifest: 1, file: 2, piece: 3, database: 4, entry: 5, totals: 6 } as const;

export function isTagFile(name: string): boolean {
  return TAG_FILE.test(name);
}

export function encodeItem(item: Item): Uint8Array {
  return encodeRecord({ kind: KINDS[item.kind], bytes: bytesOf(item) });
}

function bytesOf(item: Item): Uint8Array {
  switch (item.kind) {
    case "manifest":
      return encodeText(JSON.stringify(item.manifest));
    case "file":
    case "database":
      return encodeText(item.name);
    case "piece":
      return item.bytes;
    case "entry":
      return encodeEntry(item.entry);
    case "totals":
      return encodeText(JSON.stringify(item.totals));
  }
}

/** Reads records as items, and sees to it that they come in an order that makes sense. */
export class ContentsReader {
  readonly #names = new Set<string>();
  #before: Item["kind"] | undefined;
  #entries = 0;
  /** bytes that the file may still have */
  #room = 0;

  /** @throws {ArchiveError} at a record that is none of ours, or in the wrong place */
  read(record: ArchiveRecord): Item {
    const item = decodeItem(record);
    if (!this.#mayFollow(item)) {
      throw new ArchiveError(`in its contents, ${item.kind} follows ${this.#before ?? "nothing"}`);
    }
    if (item.kind === "file" || item.kind === "database") this.#begin(item.name);
    if (item.kind === "file") this.#room = isTagFile(item.name) ? Infinity : MAX_FILE_SIZE;
    if (item.kind === "piece" && (this.#room -= item.bytes.length) < 0) {
      throw new ArchiveError("a file in it is too long");
    }
    if (item.kind === "entry") this.#entries++;
    if (item.kind === "totals") this.#finish(item.totals);
    this.#before = item.kind;
    return item;
  }

  /** @throws {ArchiveError} unless all was there */
  end(): void {
    if (this.#before !== "totals") throw new ArchiveError("its contents have no end");
  }

  #mayFollow({ kind }: Item): boolean {
    switch (kind) {
      case "manifest":
        return this.#before === undefined;
      case "piece":
        return this.#before === "file" || this.#before === "piece";
      case "entry":
        return this.#before === "database" || this.#before === "entry";
      default:
        return this.#before !== undefined && this.#before !== "totals";
    }
  }

  #begin(name: string): void {
    if (this.#names.has(name)) throw new ArchiveError(`${name} is in it twice`);
    this.#names.add(name);
  }

  #finish({ entries }: Totals): void {
    const missing = [...FILES, ...DATABASES].find((name) => !this.#names.has(name));
    if (missing !== undefined) throw new ArchiveError(`${missing} is not in it`);
    if (entries !== this.#entries) throw new ArchiveError(`it has ${this.#entries} entries in place of ${entries}`);
  }
}

function decodeItem({ kind, bytes }: ArchiveRecord): Item {
  switch (kind) {
    case KINDS.manifest:
      return { kind: "manifest", manifest: decodeManifest(decodeJson(bytes)) };
    case KINDS.file: {
      const name = decodeText(bytes);
      if (!FILES.some((file) => file === name) && !isTagFile(name)) {
        throw new ArchiveError("it has a file of a name that no file of a gateway has");
      }
      return { kind: "file", name };
    }
    case KINDS.piece:
      return { kind: "piece", bytes };
    case KINDS.database: {
      const text = decodeText(bytes);
      const name = DATABASES.find((database) => database === text);
      if (name === undefined) throw new ArchiveError("it has a database of a name that no database of a gateway has");
      return { kind: "database", name };
    }
    case KINDS.entry:
      return { kind: "entry", entry: decodeEntry(bytes) };
    case KINDS.totals:
      return { kind: "totals", totals: decodeTotals(decodeJson(bytes)) };
  }
  throw new ArchiveError(`in its contents is a record of the unknown kind ${kind}`);
}

function decodeManifest({ id, version, exported }: Partial<Manifest>): Manifest {
  if (isWord(id) && isWord(version) && isWord(exported)) return { id, version, exported };
  throw new ArchiveError("its manifest is not right");
}

function decodeTotals({ clients, messages, entries }: Partial<Totals>): Totals {
  if (isCount(clients) && isCount(messages) && isCount(entries)) return { clients, messages, entries };
  throw new ArchiveError("its totals are not right");
}

/** What can be shown on a terminal, and is short. */
function isWord(value: unknown): value is string {
  return typeof value === "string" && /^\P{C}{1,64}$/u.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function decodeJson(bytes: Uint8Array): Readonly<{ [name: string]: never }> {
  try {
    const value: unknown = JSON.parse(decodeText(bytes));
    if (typeof value === "object" && value !== null) return value as { [name: string]: never };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ArchiveError("its contents hold JSON that is none");
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
