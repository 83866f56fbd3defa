/** How much the mailbox keeps, and for how long. Each is read when it is needed, so that it may change. */
export interface MailboxLimits {
  /** messages of one client */
  readonly inboxMessages: number;
  /** bytes of one client's messages */
  readonly inboxBytes: number;
  /** bytes of all messages */
  readonly mailboxBytes: number;
  /** ms for which a message is kept, by the mailbox's clock (totals.ts); 0: for ever */
  readonly timeToLive: number;
  /** bytes that must be free on the disk for more to be kept */
  readonly minimumFreeDisk: number;
}

/** Everything is kept, for ever. */
export const NO_LIMITS: MailboxLimits = {
  inboxMessages: Infinity,
  inboxBytes: Infinity,
  mailboxBytes: Infinity,
  timeToLive: 0,
  minimumFreeDisk: 0,
};

/** Why a message is not taken. */
export type Refusal = "inbox_full" | "mailbox_full" | "disk_low";
