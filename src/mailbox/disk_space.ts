import { statfsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** ms between two polls */
const INTERVAL = 2_000;

/**
 * Free space, for users other than root, on the disk of a folder and inside a database file there; polled every 2 s.
 */
export class DiskSpace implements Disposable {
  #free: number;
  #freeInside: number | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Polls from now on. `database` is the file's path; it need not exist yet. */
  constructor(private readonly folder: string, private readonly database: string) {
    this.#free = freeBytes(folder);
    this.#timer = setInterval(() => {
      this.#free = freeBytes(this.folder);
      this.#freeInside = undefined;
    }, INTERVAL);
  }

  /** Free bytes on the disk, as of the last poll; Infinity where the system does not report them. */
  get free(): number {
    return this.#free;
  }

  /** Free bytes in the database's file, as of the last poll. Costs a query, so ask only when the disk has too few. */
  get freeInside(): number {
    return this.#freeInside ??= freeBytesInside(this.database);
  }

  /** Whether less than `minimum` bytes are free, on the disk and inside the file together. */
  isBelow(minimum: number): boolean {
    return this.free < minimum && this.free + this.freeInside < minimum;
  }

  /** Stops the polling. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Free bytes on the disk of a folder, for users other than root; Infinity where the system does not report them. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/**
 * Unused bytes inside a database file, which later writes fill: a file never shrinks. 0 when the file does not exist or
 * cannot be read. Takes about 0.3 ms, whatever the size. Asks through SQLite, because closing a database's file in any
 * other way releases the program's locks on it.
 */
export function freeBytesInside(path: string): number {
  try {
    if (!Deno.statSync(path).isFile) return 0; // SQLite would create a missing one, and wait for a pipe
    using database = new DatabaseSync(path);
    const query = "SELECT freelist_count * page_size AS bytes FROM pragma_freelist_count, pragma_page_size";
    return database.prepare(query).get()!["bytes"] as number;
  } catch {
    return 0;
  }
}
