import { bytesOf, decodeChunk, firstOf } from "./chunk.ts";
import { openDatabase } from "./database.ts";
import { ALL, entriesOf } from "./entries.ts";
import { type JournalRecord, readJournal } from "./journal.ts";
import { CONFIRMED, INBOX, inboxContext, placeOf } from "./keys.ts";
import { decodeMark } from "./mark.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { Sealer } from "./sealing.ts";
import { readTotals } from "./totals.ts";

/** A summary of one client's inbox. */
export interface InboxSummary {
  /**
   * the beginning of the client's pseudonym, in hexadecimal: reveals nothing about its address without the storage key
   */
  readonly inbox: string;
  /** undamaged and unconfirmed messages, including those in the journal */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
  /** age of the oldest of them, in ms of the mailbox's clock; undefined if all are damaged */
  readonly oldest: number | undefined;
  /** damaged values, each of one or more messages */
  readonly damaged: number;
}

/** The number of hexadecimal digits of a pseudonym to show. */
export const SHOWN = 12;

/**
 * Summaries of all inboxes in the mailbox file at `path`, which must exist. It does not disturb a gateway that is using
 * it.
 * @throws {Error} when the file was sealed with another storage key
 */
export async function* inventory(path: string, sealer: Sealer): AsyncGenerator<InboxSummary> {
  await Deno.stat(path);
  using kv = await openDatabase(path, sealer);
  const { clock } = await readTotals(kv, sealer);
  const { inboxes: journal } = await readJournal(kv, sealer, () => {});
  let current: { id: Pseudonym; summary: InboxSummary; last: number } | undefined;
  let confirmed = CONFIRMED;
  for await (const { key, value } of entriesOf(kv, { prefix: [INBOX] }, ALL, () => {})) {
    const place = placeOf(key, Number.MAX_SAFE_INTEGER);
    if (place === undefined) continue;
    const { inbox, last } = place;
    if (current?.id !== inbox) {
      if (current !== undefined) yield withJournal(current.summary, takeJournaled(journal, current));
      current = { id: inbox, summary: emptyInbox(inbox), last };
      confirmed = CONFIRMED;
    }
    const opened = sealer.open(value, inboxContext(inbox, last));
    if (last === CONFIRMED) {
      if (opened !== undefined) confirmed = decodeMark(opened);
      continue;
    }
    current.last = last;
    const chunk = opened && decodeChunk(last, opened);
    const { summary } = current;
    if (chunk === undefined) current.summary = { ...summary, damaged: summary.damaged + 1 };
    else {
      const waiting = chunk.messages.slice(Math.max(0, confirmed - firstOf(chunk) + 1));
      current.summary = {
        ...summary,
        messages: summary.messages + waiting.length,
        bytes: summary.bytes + bytesOf({ messages: waiting }),
        oldest: summary.oldest ?? Math.max(0, Math.round(clock - chunk.time)),
      };
    }
  }
  if (current !== undefined) yield withJournal(current.summary, takeJournaled(journal, current));
  for (const [inbox, records] of journal) {
    if (records.length > 0) yield withJournal(emptyInbox(inbox), records);
  }
}

type JournaledMessage = Required<JournalRecord>;

/** Takes an inbox's messages out of the journal, without those that a running gateway has moved since it was read. */
function takeJournaled(
  journal: Map<Pseudonym, JournaledMessage[]>,
  { id, last }: { id: Pseudonym; last: number },
): JournaledMessage[] | undefined {
  const records = journal.get(id)?.filter(({ sequence }) => sequence > last);
  journal.delete(id);
  return records;
}

function emptyInbox(inbox: Pseudonym): InboxSummary {
  return { inbox: inbox.slice(0, SHOWN), messages: 0, bytes: 0, oldest: undefined, damaged: 0 };
}

/** Adds a client's messages in the journal. All of them are recent. */
function withJournal(summary: InboxSummary, records: readonly JournaledMessage[] = []): InboxSummary {
  if (records.length === 0) return summary;
  const { messages, bytes, oldest = 0 } = summary;
  const more = bytesOf({ messages: records.map(({ message }) => message) });
  return { ...summary, messages: messages + records.length, bytes: bytes + more, oldest };
}
