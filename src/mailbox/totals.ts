import { logger } from "../log.ts";
import { bytesOf, decodeChunk } from "./chunk.ts";
import { CONFIRMED, INBOX, inboxContext } from "./keys.ts";
import type { Sealer } from "./sealing.ts";

const log = logger("nym_gateway::mailbox");

const KEY = ["totals"];
const CONTEXT = new TextEncoder().encode("totals");

/** Kept with every commit, so that opening the mailbox reads one value however much is stored. */
export interface Totals {
  /** the last sequence number given */
  sequence: number;
  messages: number;
  bytes: number;
}

/** Adds the totals to a commit. */
export function setTotals(atomic: Deno.AtomicOperation, totals: Totals, sealer: Sealer): void {
  const numbers = Float64Array.of(totals.sequence, totals.messages, totals.bytes);
  atomic.set(KEY, sealer.seal(new Uint8Array(numbers.buffer), CONTEXT));
}

/** The totals of a database; counted anew, which takes as long as there is much stored, when they are damaged. */
export async function readTotals(kv: Deno.Kv, sealer: Sealer): Promise<Totals> {
  const { value } = await kv.get<Uint8Array>(KEY);
  if (value === null) return { sequence: CONFIRMED, messages: 0, bytes: 0 };
  const numbers = sealer.open(value, CONTEXT);
  if (numbers === undefined) return await recount(kv, sealer);
  const [sequence, messages, bytes] = new Float64Array(numbers.slice().buffer);
  return { sequence: sequence!, messages: messages!, bytes: bytes! };
}

async function recount(kv: Deno.Kv, sealer: Sealer): Promise<Totals> {
  log.error("the mailbox's totals are damaged: counting its messages anew");
  const totals = { sequence: CONFIRMED, messages: 0, bytes: 0 };
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: [INBOX] }, { batchSize: 16 })) {
    const [, pseudonym, last] = key as [string, Uint8Array, number];
    if (last === CONFIRMED) continue;
    const opened = sealer.open(value, inboxContext(pseudonym, last));
    const chunk = opened && decodeChunk(last, opened);
    if (chunk === undefined) continue;
    totals.sequence = Math.max(totals.sequence, last);
    totals.messages += chunk.messages.length;
    totals.bytes += bytesOf(chunk);
  }
  return totals;
}
