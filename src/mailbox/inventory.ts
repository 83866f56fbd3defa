import { bytesOf, decodeChunk } from "./chunk.ts";
import { openDatabase } from "./database.ts";
import { CONFIRMED, INBOX, inboxContext } from "./keys.ts";
import { decodeMark } from "./mark.ts";
import type { Sealer } from "./sealing.ts";

/** What waits in one client's inbox. */
export interface InboxSummary {
  /** the beginning of the client's pseudonym, in hexadecimal: says nothing of its address without the storage key */
  readonly inbox: string;
  readonly messages: number;
  readonly bytes: number;
  /** stored values that are damaged, each with a message or more */
  readonly damaged: number;
}

/** Bytes of a pseudonym that are shown. */
const SHOWN = 6;

/**
 * Summaries of all inboxes in the mailbox file at `path`, which must be there. A gateway that runs on it is not
 * disturbed.
 * @throws {Error} when the file was sealed with another storage key
 */
export async function* inventory(path: string, sealer: Sealer): AsyncGenerator<InboxSummary> {
  await Deno.stat(path);
  using kv = await openDatabase(path, sealer);
  let current: { id: string; summary: InboxSummary } | undefined;
  let confirmed = CONFIRMED;
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: [INBOX] }, { batchSize: 64 })) {
    const [, pseudonym, last] = key as [string, Uint8Array, number];
    const id = pseudonym.toHex();
    if (current?.id !== id) {
      if (current !== undefined) yield current.summary;
      current = { id, summary: { inbox: id.slice(0, 2 * SHOWN), messages: 0, bytes: 0, damaged: 0 } };
      confirmed = CONFIRMED;
    }
    const opened = sealer.open(value, inboxContext(pseudonym, last));
    if (last === CONFIRMED) {
      if (opened !== undefined) confirmed = decodeMark(opened);
      continue;
    }
    const chunk = opened && decodeChunk(last, opened);
    const { summary } = current;
    if (chunk === undefined) current.summary = { ...summary, damaged: summary.damaged + 1 };
    else {
      const waiting = chunk.messages.slice(Math.max(0, chunk.messages.length - (last - confirmed)));
      current.summary = {
        ...summary,
        messages: summary.messages + waiting.length,
        bytes: summary.bytes + bytesOf({ last, messages: waiting }),
      };
    }
  }
  if (current !== undefined) yield current.summary;
}
