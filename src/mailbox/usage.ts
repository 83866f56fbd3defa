import type { Pseudonym } from "./pseudonym.ts";

/** What one inbox holds. */
export interface Held {
  readonly messages: number;
  readonly bytes: number;
}

const NOTHING: Held = { messages: 0, bytes: 0 };

/**
 * How much each inbox holds, those messages included that wait for their commit. What comes and goes is counted as it
 * does; what was there when the mailbox was opened, up to sequence number `before`, is counted by a walk that takes its
 * time (walk.ts). Until it has come to an inbox, that counts for less than it holds. It takes some 200 bytes for each
 * inbox with messages.
 */
export class Usage {
  readonly #inboxes = new Map<Pseudonym, { messages: number; bytes: number }>();
  readonly #all = { messages: 0, bytes: 0 };
  /** the walk has counted what is up to this place, in the order of keys; undefined once it has counted all */
  #walked: { inbox: string; last: number } | undefined = { inbox: "", last: 0 };

  constructor(private readonly before: number) {}

  of(inbox: Pseudonym): Held {
    return this.#inboxes.get(inbox) ?? NOTHING;
  }

  /** What all inboxes hold together. */
  get all(): Held {
    return this.#all;
  }

  /** Whether the walk has still to count. */
  get isPartial(): boolean {
    return this.#walked !== undefined;
  }

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

  /** The walk has found these, in the order of keys. */
  found(inbox: Pseudonym, last: number, messages: number, bytes: number): void {
    if (this.#walked === undefined || last > this.before) return;
    this.add(inbox, messages, bytes);
    this.#walked = { inbox, last };
  }

  /** The walk has seen all. */
  foundAll(): void {
    this.#walked = undefined;
  }

  /** The messages up to sequence number `last` in a chunk have left the disk. */
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
