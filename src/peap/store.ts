/** Where state is kept between runs: a map from text to bytes. What it holds is secret. */
export interface Store {
  /** The value of a key; undefined if it has none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** All keys that begin with `prefix`, in any order. */
  keys(prefix: string): Promise<string[]>;
  /** Applies all changes or none; `undefined` removes a key. Resolves once they are durable. */
  write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>;
}

/** A store that lasts as long as its process. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, Uint8Array>();

  /** See `Store`. */
  get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#values.get(key)?.slice());
  }

  /** See `Store`. */
  keys(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.#values.keys()].filter((key) => key.startsWith(prefix)));
  }

  /** See `Store`. */
  write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    for (const [key, value] of changes) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value.slice());
    }
    return Promise.resolve();
  }
}
