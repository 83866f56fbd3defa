import { DatabaseSync } from "node:sqlite";

/**
 * Makes the commits of an open database of Deno.openKv fail, until the end of its scope, as a full disk would: another
 * connection to the same file has a trigger refuse what is written.
 */
export class BrokenDatabase {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec("PRAGMA busy_timeout = 5000"); // a commit may be under way
    this.#database.exec("CREATE TRIGGER full BEFORE INSERT ON kv BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  }

  [Symbol.dispose](): void {
    this.#database.exec("DROP TRIGGER full");
    this.#database.close();
  }
}
