import { bytesOfPseudonym, type Pseudonym, pseudonymOf } from "./pseudonym.ts";

/**
 * The mailbox's keys. They contain clients' pseudonyms (sealing.ts), not their addresses. Within an inbox, keys sort by
 * sequence number, so that reading one in order is a range scan:
 *
 * | key                          | value, sealed                                             |
 * | ---------------------------- | --------------------------------------------------------- |
 * | `["inbox", pseudonym, 0]`    | number: messages up to this one are confirmed, but their chunk still contains others |
 * | `["inbox", pseudonym, last]` | a chunk (chunk.ts)                                        |
 * | `["journal", …, number]`     | messages of online clients (journal.ts)                   |
 * | `["totals"]`                 | totals.ts                                                 |
 * | `["storage_key", n]`         | the check of the storage key (database.ts)                |
 * | `["probe"]`                  | not sealed: the time of the last health check, in ms since 1970 |
 */
export const INBOX = "inbox";

/** The number in the key of an inbox's mark. Sequence numbers start above it. */
export const CONFIRMED = 0;

/** The prefix of all keys of an inbox, including that of its mark. */
export function inboxPrefix(inbox: Pseudonym): Deno.KvKey {
  return [INBOX, bytesOfPseudonym(inbox)];
}

/** The key of the chunk whose last sequence number is `last`, or of the mark for {@linkcode CONFIRMED}. */
export function inboxKey(inbox: Pseudonym, last: number): Deno.KvKey {
  return [INBOX, bytesOfPseudonym(inbox), last];
}

/** A key after all keys of that inbox, and before those of the next. */
export function endOfInbox(inbox: Pseudonym): Deno.KvKey {
  return inboxKey(inbox, Number.MAX_SAFE_INTEGER);
}

/** The inbox and last number in a key; undefined if it is damaged. `sequence` is the last number given. */
export function placeOf(key: Deno.KvKey, sequence: number): { inbox: Pseudonym; last: number } | undefined {
  const [, pseudonym, last] = key;
  if (!(pseudonym instanceof Uint8Array) || typeof last !== "number") return undefined;
  if (!Number.isSafeInteger(last) || last < CONFIRMED || last > sequence) return undefined;
  return { inbox: pseudonymOf(pseudonym), last };
}

/** The context in which a value of an inbox is sealed: the recipient and the sequence number. */
export function inboxContext(inbox: Pseudonym, last: number): Uint8Array {
  const pseudonym = bytesOfPseudonym(inbox);
  const context = new Uint8Array(pseudonym.length + 8);
  context.set(pseudonym);
  new DataView(context.buffer).setFloat64(pseudonym.length, last);
  return context;
}

/** The most bytes that an inbox key counts towards the database's limit on a commit. */
export const MAX_KEY_SIZE = 96;
