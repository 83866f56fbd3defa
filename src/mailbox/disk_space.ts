import { statfsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** ms between two looks */
const INTERVAL = 2_000;

/** How much space is free, for users other than root, on the disk that a folder is on, and inside a database file there. */
export class DiskSpace implements Disposable {
  #free: number;
  #freeInside: number | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly folder: string, private readonly database: string) {
    this.#free = freeBytes(folder);
    this.#timer = setInterval(() => {
      this.#free = freeBytes(this.folder);
      this.#freeInside = undefined;
    }, INTERVAL);
  }

  /** Bytes of the disk, as of a moment ago; Infinity where the system does not say. */
  get free(): number {
    return this.#free;
  }

  /** Bytes of the database's file, as of a moment ago. Ask only when the disk has too few. */
  get freeInside(): number {
    return this.#freeInside ??= freeBytesInside(this.database);
  }

  /** Whether less than `minimum` bytes are free, on the disk and inside the file together. */
  isBelow(minimum: number): boolean {
    return this.free < minimum && this.free + this.freeInside < minimum;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Bytes that are free on the disk of a folder, for users other than root; Infinity where the system does not say. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/**
 * Bytes inside a database file that nothing is in, and that what comes next is written to: a file never shrinks. 0 where
 * there is none. It takes some 0.3 ms, whatever the size; asked through SQLite, as closing a file of a database by any
 * other way takes away the program's locks of it.
 */
export function freeBytesInside(path: string): number {
  try {
    Deno.statSync(path); // else it would be made
    using database = new DatabaseSync(path);
    const query = "SELECT freelist_count * page_size AS bytes FROM pragma_freelist_count, pragma_page_size";
    return database.prepare(query).get()!["bytes"] as number;
  } catch {
    return 0;
  }
}
