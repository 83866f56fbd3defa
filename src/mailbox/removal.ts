import type { Pseudonym } from "./pseudonym.ts";

/** One change of an inbox that follows from confirmations, or from the end of messages' time. */
export interface Removal {
  inbox: Pseudonym;
  /** what goes: a chunk, by its last sequence number, or the mark at CONFIRMED */
  last: number;
  /** what is in it */
  messages: number;
  bytes: number;
  /** the mark is not to go, but to be set to this */
  mark?: number;
}
