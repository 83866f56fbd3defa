import { endOfPrefix, keyAtPlace, placeOfKey } from "./key_places.ts";

/** An entry as the database lists it; the value is sealed bytes. */
export type Entry = Deno.KvEntry<Uint8Array>;

/** The most entries that the database reads at a time. */
const BATCH = 500;

/** No limit: the largest number that the database accepts. */
export const ALL = 2 ** 32 - 1;

/** Keys `[name, pseudonym, …]` with a prefix, from `start` on. */
export interface Range {
  /** the name alone, or the name and a pseudonym */
  prefix: Deno.KvKey;
  /** the first key to list; by default, the first one with the prefix */
  start?: Deno.KvKey;
}

/**
 * The entries of a range, in order, at most `limit`. The database's own listing stops at a damaged entry: this calls
 * `onDamaged` and yields those on both sides of it. Those between two damaged ones may be missing.
 *
 * @throws what the database throws for other reasons
 */
export async function* entriesOf(
  kv: Deno.Kv,
  range: Range,
  limit: number,
  onDamaged: () => void,
): AsyncGenerator<Entry> {
  let left = limit;
  for (let rest: Range | undefined = range; rest !== undefined; rest = await restAfterDamage(kv, rest)) {
    for (const batchSize of [Math.min(left, BATCH), 1]) { // a batch fails as a whole, so then one at a time
      const listing: Listing = new Listing(kv.list<Uint8Array>(rest, { limit: left, batchSize }));
      yield* listing;
      if (listing.isWhole) return;
      left -= listing.count;
      if (listing.next !== undefined) rest = { ...rest, start: listing.next };
    }
    onDamaged();
  }
}

/**
 * The rest of a range that begins with a damaged entry; undefined if nothing follows it. No key leads past it, so this
 * is a binary search over all possible places of keys: about 300 reads of 100 µs, whatever the number of entries.
 */
async function restAfterDamage(kv: Deno.Kv, { prefix, start = prefix }: Range): Promise<Range | undefined> {
  const end = endOfPrefix(prefix);
  const rest = (place: bigint) => ({ prefix, start: keyAtPlace(prefix[0]!, place) });
  let before = placeOfKey(start);
  let behind = end;
  while (behind - before > 1n) {
    const middle = (before + behind) / 2n;
    if (await beginsWhole(kv, rest(middle))) behind = middle;
    else before = middle;
  }
  return behind < end ? rest(behind) : undefined;
}

/** Whether a range does not begin with a damaged entry. */
async function beginsWhole(kv: Deno.Kv, range: Range): Promise<boolean> {
  const listing = new Listing(kv.list<Uint8Array>(range, { limit: 1, batchSize: 1 }));
  for await (const _ of listing);
  return listing.isWhole;
}

/** The first entries of a range; see {@linkcode entriesOf}. */
export function firstEntries(...of: Parameters<typeof entriesOf>): Promise<Entry[]> {
  return Array.fromAsync(entriesOf(...of));
}

/**
 * The value of a key; null if there is no such key, undefined if the value is damaged.
 * @throws what the database throws for other reasons
 */
export async function valueOf(kv: Deno.Kv, key: Deno.KvKey): Promise<Uint8Array | null | undefined> {
  try {
    return (await kv.get<Uint8Array>(key)).value;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** A listing that ends at the first damaged entry. Iterate over it once. */
export class Listing {
  /** whether it has ended without finding damage */
  isWhole = false;
  /** entries yielded so far */
  count = 0;
  /** the key to continue from; undefined if nothing was yielded */
  next: Deno.KvKey | undefined;

  /** `list` is consumed. */
  constructor(private readonly list: Deno.KvListIterator<Uint8Array>) {}

  /** Yields entries up to the first damaged one. Throws what the database throws for other reasons. */
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

/** Whether an error means a malformed or truncated key, or a value that does not match its stored type. */
function isDamage(error: unknown): boolean {
  if (error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof) return true;
  return error instanceof Error && /value encoding|deserialize value/.test(error.message);
}
