import type { Pseudonym } from "./pseudonym.ts";

/** What one inbox holds. */
export interface Held {
  /** how many messages, written or not */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
}

const NOTHING: Held = { messages: 0, bytes: 0 };

/**
 * How much each inbox holds, messages that wait for their commit included. What arrives and leaves is counted at once;
 * what was stored when the mailbox was opened, up to sequence number `before`, is counted by a slow walk (walk.ts). Until
 * the walk reaches an inbox, the figures are too low for it. Takes some 200 bytes of memory for each inbox with messages.
 */
export class Usage {
  readonly #inboxes = new Map<Pseudonym, { messages: number; bytes: number }>();
  readonly #all = { messages: 0, bytes: 0 };
  /** the walk has counted everything up to this place, in the order of keys; undefined once it has finished */
  #walked: { inbox: string; last: number } | undefined = { inbox: "", last: 0 };

  /** `before` is the last sequence number given when the mailbox was opened. */
  constructor(private readonly before: number) {}

  /** What one inbox holds, as far as it is counted. */
  of(inbox: Pseudonym): Held {
    return this.#inboxes.get(inbox) ?? NOTHING;
  }

  /** What all inboxes hold together, as far as it is counted. */
  get all(): Held {
    return this.#all;
  }

  /** Whether the walk is still counting. */
  get isPartial(): boolean {
    return this.#walked !== undefined;
  }

  /** Counts messages that were accepted for an inbox. */
  add(inbox: Pseudonym, messages: number, bytes: number): void {
    this.#all.messages += messages;
    this.#all.bytes += bytes;
    const held = this.#inboxes.get(inbox);
    if (held === undefined) this.#inboxes.set(inbox, { messages, bytes });
    else {
      held.messages += messages;
      held.bytes += bytes;
    }
  }

  /** Counts a chunk that the walk has found. Calls come in the order of keys. */
  found(inbox: Pseudonym, last: number, messages: number, bytes: number): void {
    if (this.#walked === undefined || last > this.before) return;
    this.add(inbox, messages, bytes);
    this.#walked = { inbox, last };
  }

  /** Ends the count: the walk has seen everything. */
  foundAll(): void {
    this.#walked = undefined;
  }

  /** Subtracts messages up to sequence number `last` that have left, if they were counted. */
  remove(inbox: Pseudonym, last: number, messages: number, bytes: number): void {
    const held = this.#inboxes.get(inbox);
    if (held === undefined || !this.#isCounted(inbox, last)) return;
    this.#all.messages -= messages;
    this.#all.bytes -= bytes;
    held.messages -= messages;
    held.bytes -= bytes;
    if (held.messages <= 0) this.#inboxes.delete(inbox);
  }

  #isCounted(inbox: Pseudonym, last: number): boolean {
    const walked = this.#walked;
    if (walked === undefined || last > this.before) return true;
    return inbox < walked.inbox || inbox === walked.inbox && last <= walked.last;
  }
}
