import type { Held } from "./usage.ts";

/** How much the mailbox keeps, and for how long. Read on every use, so they may change. */
export interface MailboxLimits {
  /** the most messages for one client */
  readonly inboxMessages: number;
  /** the most bytes of messages for one client */
  readonly inboxBytes: number;
  /** the most bytes of all messages */
  readonly mailboxBytes: number;
  /** the most inboxes */
  readonly registeredClients: number;
  /** how long a message is kept, in ms of the mailbox's clock (totals.ts); 0 for ever */
  readonly timeToLive: number;
  /** bytes that must be free on the disk for messages to be accepted */
  readonly minimumFreeDisk: number;
}

/** Keeps everything for ever. */
export const NO_LIMITS: MailboxLimits = {
  inboxMessages: Infinity,
  inboxBytes: Infinity,
  mailboxBytes: Infinity,
  registeredClients: Infinity,
  timeToLive: 0,
  minimumFreeDisk: 0,
};

/** Why a message is refused; part of a counter's name. */
export type Refusal = "inbox_full" | "mailbox_full" | "disk_low";

/** The share of `mailboxBytes` up to which each inbox may use all of `inboxBytes`. */
const UNCONTESTED = 1 / 2;
/** The share of `mailboxBytes` that is free for all inboxes; the rest is for their guarantees. */
export const SHARED: number = 7 / 8;

/**
 * The bytes that a message counts as at least towards `mailboxBytes`. One that is stored alone takes as many on the disk
 * however short it is, with its key, seal and index: 224 (embedded). Otherwise short ones could fill the disk.
 */
const LEAST_SIZE = 200;

/** The bytes that messages count as towards `mailboxBytes`. */
export function spaceOf({ messages, bytes }: Held): number {
  return Math.max(bytes, LEAST_SIZE * messages);
}

/**
 * What an inbox may hold if all inboxes together would hold `all`. From half of `mailboxBytes` on, the
 * fuller the mailbox, the fewer: so the largest inboxes are refused first, and senders that fill many leave room for
 * others. It falls with the square of the free space: if n inboxes are filled one after the other, the free space
 * falls as 1/n, not exponentially. Each inbox is guaranteed its share of the last eighth.
 */
export function inboxAllowance(
  { inboxMessages, inboxBytes, mailboxBytes, registeredClients }: MailboxLimits,
  all: Held,
): Held {
  const total = spaceOf(all);
  if (total <= UNCONTESTED * mailboxBytes) return { messages: inboxMessages, bytes: inboxBytes };
  if (total > mailboxBytes) return { messages: 0, bytes: 0 };
  const free = Math.max(0, (SHARED * mailboxBytes - total) / ((SHARED - UNCONTESTED) * mailboxBytes));
  const guarantee = Math.floor((1 - SHARED) * mailboxBytes / registeredClients);
  const bytes = Math.min(inboxBytes, Math.max(guarantee, Math.min(inboxBytes, mailboxBytes) * free ** 2));
  return { messages: Math.min(inboxMessages, Math.floor(bytes / LEAST_SIZE)), bytes };
}
