/** How much the mailbox keeps, and for how long. Each is read when it is needed, so that it may change. */
export interface MailboxLimits {
  /** messages of one client */
  readonly inboxMessages: number;
  /** bytes of one client's messages */
  readonly inboxBytes: number;
  /** bytes of all messages */
  readonly mailboxBytes: number;
  /** ms for which a message is kept, by the mailbox's clock (totals.ts) */
  readonly timeToLive: number;
  /** whether the disk has too little space left for more */
  readonly diskIsLow: boolean;
}

/** Everything is kept, for ever. */
export const NO_LIMITS: MailboxLimits = {
  inboxMessages: Infinity,
  inboxBytes: Infinity,
  mailboxBytes: Infinity,
  timeToLive: Infinity,
  diskIsLow: false,
};

/** Why a message is not taken. */
export type Refusal = "inbox_full" | "mailbox_full" | "disk_low";
