import { CHUNK_OVERHEAD, encodeChunk, MAX_CHUNK_SIZE, sizeInChunk } from "./chunk.ts";
import { encodePage, type JournalRecord, pageContext, pageKey, readJournal } from "./journal.ts";
import { inboxContext, inboxKey } from "./keys.ts";
import type { Sealer } from "./sealing.ts";
import { setTotals, type Totals } from "./totals.ts";

/** Bounds of a commit, below the database's limits of 819,200 bytes and 1000 changes. */
const MAX_COMMIT_SIZE = 600_000;
const MAX_COMMIT_CHANGES = 400;

/**
 * Moves what an earlier run left in the journal to the inboxes; that run bounded it. If interrupted, the next start
 * continues: each commit adds a page that notes what it has moved. Raises `totals.sequence` to cover all messages.
 *
 * @throws what the database throws
 */
export async function emptyJournal(kv: Deno.Kv, sealer: Sealer, totals: Totals, onDamaged: () => void): Promise<void> {
  const { inboxes, numbers } = await readJournal(kv, sealer, onDamaged);
  if (numbers.length === 0) return;
  let number = numbers.at(-1)!;
  let atomic = kv.atomic();
  let size = 0;
  let moved: JournalRecord[] = [];
  const commit = async () => {
    setTotals(atomic, totals, sealer);
    numbers.push(++number);
    atomic.set(pageKey(number), sealer.seal(encodePage(moved), pageContext(number)));
    await atomic.commit();
    atomic = kv.atomic();
    size = 0;
    moved = [];
  };
  for (const [inbox, records] of inboxes) {
    for (const part of partsOf(records)) {
      const { sequence } = part.at(-1)!;
      totals.sequence = Math.max(totals.sequence, sequence);
      const { value } = encodeChunk(sequence, totals.clock, part.map(({ message }) => message));
      atomic.set(inboxKey(inbox, sequence), sealer.seal(value, inboxContext(inbox, sequence)));
      moved.push({ inbox, sequence });
      size += value.length;
      if (size > MAX_COMMIT_SIZE || moved.length >= MAX_COMMIT_CHANGES) await commit();
    }
  }
  if (moved.length > 0) await commit();
  // In order, so that the notes of moved messages outlive the pages that contain them.
  for (let at = 0; at < numbers.length; at += MAX_COMMIT_CHANGES) {
    for (const each of numbers.slice(at, at + MAX_COMMIT_CHANGES)) atomic.delete(pageKey(each));
    await atomic.commit();
    atomic = kv.atomic();
  }
}

/** Splits an inbox's records into one part per chunk, of bounded size and with consecutive numbers. */
function partsOf(records: readonly Required<JournalRecord>[]): Required<JournalRecord>[][] {
  const parts: Required<JournalRecord>[][] = [];
  let size = Infinity;
  for (const record of records) {
    const more = sizeInChunk(record.message);
    const follows = parts.at(-1)?.at(-1)?.sequence === record.sequence - 1;
    if (!follows || size + more > MAX_CHUNK_SIZE) {
      parts.push([]);
      size = CHUNK_OVERHEAD;
    }
    parts.at(-1)!.push(record);
    size += more;
  }
  return parts;
}
