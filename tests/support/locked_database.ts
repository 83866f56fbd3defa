import { DatabaseSync } from "node:sqlite";

/** Lets the commits of an open database of Deno.openKv wait until the end of its scope, as a slow disk would. */
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
