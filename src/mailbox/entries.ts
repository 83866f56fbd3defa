type Entry = Deno.KvEntry<Uint8Array>;

/**
 * The first entries of a range, in order. The database's own listing gives up at a damaged key: that is told to
 * `onDamaged`, and the entries on both sides of it come all the same. Those between two damaged keys do not.
 *
 * @throws what the database throws for other reasons
 */
export async function firstEntries(
  kv: Deno.Kv,
  range: { prefix: Deno.KvKey; start?: Deno.KvKey },
  limit: number,
  onDamaged: () => void,
): Promise<Entry[]> {
  const all = await upToDamage(kv.list<Uint8Array>(range, { limit, batchSize: Math.min(limit, 500) }));
  if (all.isWhole) return all.entries;
  onDamaged();
  // One at a time: a batch fails as a whole.
  const before = await upToDamage(kv.list<Uint8Array>(range, { limit, batchSize: 1 }));
  if (before.isWhole) return before.entries;
  const after = await upToDamage(kv.list<Uint8Array>(range, { reverse: true, batchSize: 1 }));
  return [...before.entries, ...after.entries.reverse()].slice(0, limit);
}

/** The entries before the first damaged key. */
async function upToDamage(list: Deno.KvListIterator<Uint8Array>): Promise<{ entries: Entry[]; isWhole: boolean }> {
  const entries: Entry[] = [];
  try {
    for await (const entry of list) entries.push(entry);
    return { entries, isWhole: true };
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    return { entries, isWhole: false };
  }
}
