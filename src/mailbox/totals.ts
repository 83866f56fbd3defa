import { logger } from "../logging/log.ts";
import { bytesOf, decodeChunk } from "./chunk.ts";
import { ALL, entriesOf, firstEntries, valueOf } from "./entries.ts";
import { JOURNAL, readJournal } from "./journal.ts";
import { CONFIRMED, INBOX, inboxContext, placeOf } from "./keys.ts";
import { decodeMark } from "./mark.ts";
import type { Sealer } from "./sealing.ts";

const log = logger("nym_gateway::mailbox");

const KEY = ["totals"];
const CONTEXT = new TextEncoder().encode("totals");

/** Written with every commit, so that opening a mailbox of any size reads one value. */
export interface Totals {
  /** the last sequence number given, in any inbox */
  sequence: number;
  /** the number of messages on the disk, in all inboxes and the journal */
  messages: number;
  /** bytes of these messages */
  bytes: number;
  /**
   * The mailbox's clock: the running time over all runs of the gateway, in ms. Messages age by it, so that neither a
   * wrong system clock nor downtime expires them.
   */
  clock: number;
}

/** Adds the current totals to a commit. */
export function setTotals(atomic: Deno.AtomicOperation, totals: Totals, sealer: Sealer): void {
  const numbers = Float64Array.of(totals.sequence, totals.messages, totals.bytes, totals.clock);
  atomic.set(KEY, sealer.seal(new Uint8Array(numbers.buffer), CONTEXT));
}

/**
 * Reads the totals of a database. If they are damaged, or their key is and so they are missing, counts everything stored,
 * which can take long.
 */
export async function readTotals(kv: Deno.Kv, sealer: Sealer): Promise<Totals> {
  const value = await valueOf(kv, KEY);
  if (value === null && await isNew(kv)) return { sequence: CONFIRMED, messages: 0, bytes: 0, clock: 0 };
  const numbers = value ? sealer.open(value, CONTEXT) : undefined;
  if (numbers === undefined) return await recount(kv, sealer);
  const [sequence, messages, bytes, clock] = new Float64Array(numbers.slice().buffer);
  return { sequence: sequence!, messages: messages!, bytes: bytes!, clock: clock! };
}

/** Whether nothing was ever stored: each commit writes the totals. */
async function isNew(kv: Deno.Kv): Promise<boolean> {
  for (const name of [INBOX, JOURNAL]) {
    let isDamaged = false;
    const found = await firstEntries(kv, { prefix: [name] }, 1, () => isDamaged = true);
    if (found.length > 0 || isDamaged) return false;
  }
  return true;
}

async function recount(kv: Deno.Kv, sealer: Sealer): Promise<Totals> {
  log.error("the mailbox's totals are damaged or missing: counting its messages again");
  const totals = { sequence: CONFIRMED, messages: 0, bytes: 0, clock: 0 };
  for await (const { key, value } of entriesOf(kv, { prefix: [INBOX] }, ALL, () => {})) {
    const place = placeOf(key, Number.MAX_SAFE_INTEGER);
    if (place === undefined) continue;
    const opened = sealer.open(value, inboxContext(place.inbox, place.last));
    if (opened === undefined) continue;
    if (place.last === CONFIRMED) {
      totals.sequence = Math.max(totals.sequence, decodeMark(opened)); // otherwise it would confirm the next messages
      continue;
    }
    const chunk = decodeChunk(place.last, opened);
    if (chunk === undefined) continue;
    totals.sequence = Math.max(totals.sequence, chunk.last);
    totals.messages += chunk.messages.length;
    totals.bytes += bytesOf(chunk);
    totals.clock = Math.max(totals.clock, chunk.time);
  }
  const { inboxes } = await readJournal(kv, sealer, () => {});
  for (const records of inboxes.values()) {
    for (const { sequence, message } of records) {
      totals.sequence = Math.max(totals.sequence, sequence);
      totals.messages++;
      totals.bytes += message.length;
    }
  }
  return totals;
}
