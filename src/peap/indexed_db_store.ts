import type { Store } from "./store.ts";

const TABLE = "values";

/** The part of IndexedDB that is used here: the types that runtimes without IndexedDB lack. */
interface Request<T> {
  result: T;
  error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface Table {
  get(key: string): Request<Uint8Array | undefined>;
  getAllKeys(range: unknown): Request<string[]>;
  put(value: Uint8Array, key: string): unknown;
  delete(key: string): unknown;
}
interface Transaction {
  error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  objectStore(name: string): Table;
  abort(): void;
}
interface Database {
  onversionchange: (() => void) | null;
  transaction(name: string, mode: "readonly" | "readwrite", options?: { durability: "strict" }): Transaction;
  createObjectStore(name: string): unknown;
  close(): void;
}
interface Browser {
  indexedDB?: { open(name: string, version: number): Request<Database> & { onupgradeneeded: (() => void) | null } };
  IDBKeyRange: { bound(lower: string, upper: string): unknown };
}

/** A store in a browser's IndexedDB, by which pages and workers of one origin keep their state. */
export class IndexedDbStore implements Store {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
    database.onversionchange = () => database.close(); // or nobody could delete it while this is open
  }

  /**
   * Opens a database, which is created if it does not exist.
   *
   * @throws Error where there is no IndexedDB, or the browser refuses it
   */
  static async open(name: string): Promise<IndexedDbStore> {
    const { indexedDB } = globalThis as unknown as Browser;
    if (!indexedDB) throw new Error("There is no IndexedDB here");
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    return new IndexedDbStore(await resultOf(request));
  }

  /** See `Store`. */
  async get(key: string): Promise<Uint8Array | undefined> {
    return await resultOf(this.#table.get(key));
  }

  /** See `Store`. */
  async keys(prefix: string): Promise<string[]> {
    const { IDBKeyRange } = globalThis as unknown as Browser;
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return await resultOf(this.#table.getAllKeys(range));
  }

  /** See `Store`. */
  async write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    const transaction = this.#database.transaction(TABLE, "readwrite", { durability: "strict" });
    const table = transaction.objectStore(TABLE);
    try {
      for (const [key, value] of changes) {
        if (value === undefined) table.delete(key);
        else table.put(value, key);
      }
    } catch (error) {
      transaction.abort(); // or the changes before this one would stay
      throw error;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    await promise;
  }

  /** Closes the database, once what was begun is done. */
  close(): void {
    this.#database.close();
  }

  get #table(): Table {
    return this.#database.transaction(TABLE, "readonly").objectStore(TABLE);
  }
}

function resultOf<T>(request: Request<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
  return promise;
}
