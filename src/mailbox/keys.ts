import { addressOf, type ClientId } from "./client_id.ts";

/**
 * The mailbox's keys. Within an inbox, keys sort by sequence number, so that reading one in order is a range scan:
 *
 * | key                        | value                                                       |
 * | -------------------------- | ----------------------------------------------------------- |
 * | `["inbox", address, 0]`    | number: messages up to this one are confirmed, though their chunk still holds others |
 * | `["inbox", address, last]` | a chunk (chunk.ts)                                          |
 * | `["totals"]`               | {@linkcode Totals}                                          |
 */
export const TOTALS_KEY = ["totals"];

/** Kept with every commit, so that opening the mailbox reads one value however much is stored. */
export interface Totals {
  /** the last sequence number given */
  sequence: number;
  messages: number;
  bytes: number;
}

/** Sequence numbers start above it. */
export const CONFIRMED = 0;

export function inboxPrefix(id: ClientId): Deno.KvKey {
  return ["inbox", addressOf(id)];
}

export function inboxKey(id: ClientId, last: number): Deno.KvKey {
  return ["inbox", addressOf(id), last];
}

/** Most bytes that an inbox key takes in the database, for its limit on a commit. */
export const MAX_KEY_SIZE = 96;
