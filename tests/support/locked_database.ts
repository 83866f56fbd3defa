import { DatabaseSync } from "node:sqlite";

/** Makes the commits of an open Deno KV database wait until disposed, as a slow disk would. */
export class LockedDatabase {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec("BEGIN IMMEDIATE");
  }

  [Symbol.dispose](): void {
    this.#database.exec("ROLLBACK");
    this.#database.close();
  }
}
