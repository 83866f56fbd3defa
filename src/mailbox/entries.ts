import { endOfPrefix, keyAtPlace, placeOfKey } from "./key_places.ts";

type Entry = Deno.KvEntry<Uint8Array>;

/** Entries that the database reads at a time, at most. */
const BATCH = 500;

/** The database takes any 32 bits as a limit. */
export const ALL = 2 ** 32 - 1;

/** Keys `[name, pseudonym, …]` with a prefix, from `start` on. */
interface Range {
  prefix: Deno.KvKey;
  start?: Deno.KvKey;
}

/**
 * The entries of a range, in order, at most `limit`. The database's own listing gives up at a damaged entry: that is told
 * to `onDamaged`, and those on both sides of it come all the same. Those between two damaged ones may not.
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
    for (const batchSize of [Math.min(left, BATCH), 1]) { // one at a time where a batch fails, as it does so as a whole
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
 * What follows the damaged entry with which a range begins; undefined when nothing does. No key leads past it, so it is
 * looked for between all places that keys can have: some 300 looks of 100 µs, however many entries there are.
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

/** A listing that ends at the first damaged entry. */
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

/** A key that is not of any form, or ends too early; a value that is said to be of another kind than it is. */
function isDamage(error: unknown): boolean {
  if (error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof) return true;
  return error instanceof Error && /value encoding|deserialize value/.test(error.message);
}
