/** How much the mailbox keeps, and for how long. Each is read when it is needed, so that it may change. */
export interface MailboxLimits {
  /** most messages of one client */
  readonly inboxMessages: number;
  /** most bytes of one client's messages */
  readonly inboxBytes: number;
  /** most bytes of all messages */
  readonly mailboxBytes: number;
  /** how many inboxes there may be */
  readonly registeredClients: number;
  /** ms for which a message is kept, by the mailbox's clock (totals.ts); 0: for ever */
  readonly timeToLive: number;
  /** bytes that must be free on the disk for messages to be accepted */
  readonly minimumFreeDisk: number;
}

/** Everything is kept, for ever. */
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

/** The part of `mailboxBytes` up to which each inbox may have all of `inboxBytes`. */
const UNCONTESTED = 1 / 2;
/** The part of `mailboxBytes` that inboxes share; the rest is for their guarantees. */
export const SHARED: number = 7 / 8;

/**
 * How many bytes an inbox may have when all inboxes together would have `total`. From half of `mailboxBytes` on, the
 * fuller the mailbox, the less: so the largest inboxes are refused first, and senders that fill many leave room for
 * others. It falls with the square of the free space: with n inboxes that are filled one after the other, the free space
 * then falls with n, not exponentially. Each inbox is guaranteed its part of the last eighth.
 */
export function inboxAllowance(
  { inboxBytes, mailboxBytes, registeredClients }: MailboxLimits,
  total: number,
): number {
  if (total <= UNCONTESTED * mailboxBytes) return inboxBytes;
  if (total > mailboxBytes) return 0;
  const free = Math.max(0, (SHARED * mailboxBytes - total) / ((SHARED - UNCONTESTED) * mailboxBytes));
  const guarantee = Math.floor((1 - SHARED) * mailboxBytes / registeredClients);
  return Math.min(inboxBytes, Math.max(guarantee, Math.min(inboxBytes, mailboxBytes) * free ** 2));
}
