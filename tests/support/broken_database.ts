import { DatabaseSync } from "node:sqlite";

/**
 * Makes the commits of an open Deno KV database fail until disposed, as a full disk would: a second connection to the
 * file installs a trigger that rejects writes.
 */
export class BrokenDatabase {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec("PRAGMA busy_timeout = 5000"); // a commit may be in progress
    this.#database.exec("CREATE TRIGGER full BEFORE INSERT ON kv BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  }

  [Symbol.dispose](): void {
    this.#database.exec("DROP TRIGGER full");
    this.#database.close();
  }
}
