type Entry = Deno.KvEntry<Uint8Array>;

/** Entries that the database reads at a time, at most. */
const BATCH = 500;

/**
 * The entries of a range, in order, at most `limit`. The database's own listing gives up at a damaged key: that is told
 * to `onDamaged`, and the entries on both sides of it come all the same. Those between two damaged keys do not.
 *
 * @throws what the database throws for other reasons
 */
export async function* entriesOf(
  kv: Deno.Kv,
  range: { prefix: Deno.KvKey; start?: Deno.KvKey },
  limit: number,
  onDamaged: () => void,
): AsyncGenerator<Entry> {
  const quickly = new Listing(kv.list<Uint8Array>(range, { limit, batchSize: Math.min(limit, BATCH) }));
  yield* quickly;
  if (quickly.isWhole) return;
  onDamaged();
  // One at a time: a batch fails as a whole.
  let left = limit - quickly.count;
  const rest = { prefix: range.prefix, ...(quickly.next !== undefined ? { start: quickly.next } : range) };
  const before = new Listing(kv.list<Uint8Array>(rest, { limit: left, batchSize: 1 }));
  yield* before;
  if (before.isWhole) return;
  left -= before.count;
  const after = new Listing(kv.list<Uint8Array>(rest, { reverse: true, batchSize: 1 }));
  yield* (await Array.fromAsync(after)).reverse().slice(0, left);
}

/** The first entries of a range; see {@linkcode entriesOf}. */
export function firstEntries(...of: Parameters<typeof entriesOf>): Promise<Entry[]> {
  return Array.fromAsync(entriesOf(...of));
}

/** A listing that ends at the first damaged key. */
export class Listing {
  isWhole = false;
  count = 0;
  /** where to go on; undefined when nothing came */
  next: Deno.KvKey | undefined;

  constructor(private readonly list: Deno.KvListIterator<Uint8Array>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Entry> {
    try {
      for await (const entry of this.list) {
        this.count++;
        this.next = [...entry.key, 0];
        yield entry;
      }
      this.isWhole = true;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
}

/** A key that is not of any form, or ends too early. */
function isDamage(error: unknown): boolean {
  return error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof;
}
