import { Listing } from "./entries.ts";
import { type Entry, isPart, type Part, sizeOf } from "./stored_entry.ts";

/** The most entries, of at most 64 KiB each, read from the database at a time. */
const READ_TOGETHER = 64;
/** Bounds of a commit, below the database's limits of 819,200 bytes and 1000 changes. */
const MAX_COMMIT_SIZE = 700_000;
const MAX_COMMIT_CHANGES = 900;

/**
 * All entries of a database that nobody is writing to, whatever they mean, in any order. Those between two
 * damaged keys are missing (entries.ts). `onDamaged` is called for each damaged entry found.
 */
export async function* allEntries(kv: Deno.Kv, onDamaged: () => void): AsyncGenerator<Entry> {
  const quickly = new Listing(kv.list({ prefix: [] }, { batchSize: READ_TOGETHER }));
  yield* asWritten(quickly, onDamaged);
  if (quickly.isWhole) return;
  onDamaged();
  // One at a time: a batch fails as a whole.
  const rest = quickly.next === undefined ? { prefix: [] } : { prefix: [], start: quickly.next };
  const before = new Listing(kv.list(rest, { batchSize: 1 }));
  yield* asWritten(before, onDamaged);
  if (!before.isWhole) yield* asWritten(new Listing(kv.list(rest, { batchSize: 1, reverse: true })), onDamaged);
}

/** Yields the entries whose types damage has not changed. */
async function* asWritten(listing: Listing, onDamaged: () => void): AsyncGenerator<Entry> {
  for await (const { key, value } of listing) {
    if (isPart(value) && key.every(isPart)) yield { key, value };
    else onDamaged();
  }
}

/** Writes entries to a database, as many per commit as it accepts. End with {@linkcode flush}. */
export class EntryWriter {
  #atomic: Deno.AtomicOperation;
  #changes = 0;
  #size = 0;

  /** Writes to `kv`, which the caller closes. */
  constructor(private readonly kv: Deno.Kv) {
    this.#atomic = kv.atomic();
  }

  /** Adds an entry; commits first when it no longer fits. Rejects with what the database throws. */
  async add(entry: Entry): Promise<void> {
    const size = sizeOf(entry);
    if (this.#changes === MAX_COMMIT_CHANGES || this.#size + size > MAX_COMMIT_SIZE) await this.flush();
    this.#atomic.set(entry.key as readonly Part[] as Deno.KvKey, entry.value);
    this.#changes++;
    this.#size += size;
  }

  /** Resolves when everything added is on the disk; rejects with what the database throws. */
  async flush(): Promise<void> {
    if (this.#changes === 0) return;
    await this.#atomic.commit(); // it has no checks that could fail
    this.#atomic = this.kv.atomic();
    this.#changes = 0;
    this.#size = 0;
  }
}
