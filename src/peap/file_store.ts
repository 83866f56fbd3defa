/**
 * A store in a file, for Node, Deno and Bun.
 *
 * @module
 */
import { type FileHandle, open, readFile, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { base64 } from "@scure/base";
import type { Store } from "./store.ts";

/** The file is rewritten when it has become this long, and twice as long as what it holds. */
const LEAST_TO_REWRITE = 1024 * 1024;
/** Characters of a line's checksum, followed by a space. */
const CHECKSUM = 16;

/**
 * A store in a file of lines, each a checksum and the changes of one `write`, as JSON. A crash can cut only the last line
 * short, which is then ignored. The values are kept in memory too. Only one process at a time may open a file: where a
 * second one does, the first one's next write fails.
 */
export class FileStore implements Store {
  readonly #path: string;
  readonly #values: Map<string, Uint8Array>;
  #file: FileHandle | undefined;
  /** characters in the file, and right after it was rewritten */
  #length = 0;
  #rewrittenLength = 0;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, values: Map<string, Uint8Array>) {
    this.#path = path;
    this.#values = values;
  }

  /**
   * Opens a file, which is created for its owner alone if it does not exist; its folder must exist.
   *
   * @throws what the file system throws; Error if the file is damaged or is not a store, and then leaves it as it is
   */
  static async open(path: string): Promise<FileStore> {
    const values = new Map<string, Uint8Array>();
    const text = await readFile(path, "utf8").catch((error) => {
      if ((error as { code?: unknown }).code === "ENOENT") return "";
      throw error;
    });
    const lines = text.split(/(?<=\n)/);
    for (const [index, line] of lines.entries()) {
      const changes = decodeLine(line.replace(/\n$/, ""));
      if (changes) apply(values, changes);
      // The first line is complete before the file gets its name, and each later one follows complete ones.
      else if (line !== "" && (index === 0 || index < lines.length - 1)) {
        throw new Error(`The file ${path} is damaged in line ${index + 1}, or is not a store`);
      }
    }
    const store = new FileStore(path, values);
    await store.#rewrite();
    return store;
  }

  /** See `Store`. */
  get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#values.get(key)?.slice());
  }

  /** See `Store`. */
  keys(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.#values.keys()].filter((key) => key.startsWith(prefix)));
  }

  /** See `Store`. Once a write has failed, all later ones do: what the file holds is unknown until it is opened again. */
  write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    const copy = new Map([...changes].map(([key, value]) => [key, value?.slice()]));
    return this.#last = this.#last.then(() => this.#append(copy));
  }

  /** Closes the file, once what was begun is done. */
  async close(): Promise<void> {
    await this.#last.catch(() => {}); // its caller knows
    await this.#file?.close();
    this.#file = undefined;
    this.#last = Promise.reject(new Error("The store is closed"));
    this.#last.catch(() => {}); // until somebody writes
  }

  async #append(changes: Map<string, Uint8Array | undefined>): Promise<void> {
    const line = encodeLine(changes);
    await this.#file!.appendFile(line);
    await this.#file!.datasync();
    await this.#checkName();
    apply(this.#values, changes);
    this.#length += line.length;
    if (this.#length > Math.max(LEAST_TO_REWRITE, 2 * this.#rewrittenLength)) await this.#rewrite();
  }

  /** Whoever opens the file replaces it, and does not see what is written to the old one. */
  async #checkName(): Promise<void> {
    const [own, named] = await Promise.all([
      this.#file!.stat({ bigint: true }),
      stat(this.#path, { bigint: true }).catch(() => undefined),
    ]);
    if (named?.ino !== own.ino) throw new Error(`The file ${this.#path} was opened by another program, or removed`);
  }

  /** Replaces the file with one that has each value once. */
  async #rewrite(): Promise<void> {
    const line = encodeLine(this.#values);
    const temporary = `${this.#path}.new`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(line);
      await file.sync();
      await rename(temporary, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#file?.close();
    this.#file = file;
    this.#length = this.#rewrittenLength = line.length;
  }
}

/** Makes a rename durable, on systems where folders can be opened. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function apply(values: Map<string, Uint8Array>, changes: ReadonlyMap<string, Uint8Array | undefined>): void {
  for (const [key, value] of changes) {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  }
}

function encodeLine(changes: ReadonlyMap<string, Uint8Array | undefined>): string {
  const body = JSON.stringify([...changes].map(([key, value]) => [key, value ? base64.encode(value) : null]));
  return `${checksum(body)} ${body}\n`;
}

/** The changes in a line; undefined if it is not a whole one. */
function decodeLine(line: string): Map<string, Uint8Array | undefined> | undefined {
  const body = line.slice(CHECKSUM + 1);
  if (body === "" || line.slice(0, CHECKSUM) !== checksum(body)) return undefined;
  const changes = JSON.parse(body) as [string, string | null][];
  return new Map(changes.map(([key, value]) => [key, value === null ? undefined : base64.decode(value)]));
}

function checksum(body: string): string {
  return bytesToHex(sha256(utf8ToBytes(body))).slice(0, CHECKSUM);
}
