import type { Pseudonym } from "../mailbox/pseudonym.ts";

/** A message that waits for its commit. */
export interface Waiting {
  /** as the client gets it */
  readonly message: Uint8Array;
  /** recognizes its packet; undefined once the database has admitted that, or for what came without one */
  readonly tag: bigint | undefined;
}

/** Messages of one inbox that go with one commit. */
export interface Portion {
  /** whose they are */
  readonly inbox: Pseudonym;
  /** at least one, in order */
  readonly messages: readonly Waiting[];
  /** bytes of these messages */
  readonly bytes: number;
}

interface Line {
  messages: Waiting[];
  /** how many of them, the first ones, are in the commit under way */
  taken: number;
}

/** The messages that no commit has stored yet, each inbox's in order. Its owner bounds it (mailbox.ts). */
export class Queue {
  readonly #lines = new Map<Pseudonym, Line>();
  #waiting = 0;
  #bytes = 0;

  /** Messages in it, those of the commit under way included. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of these messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a message, which is kept, not copied. */
  add(inbox: Pseudonym, waiting: Waiting): void {
    const line = this.#lines.get(inbox);
    if (line === undefined) this.#lines.set(inbox, { messages: [waiting], taken: 0 });
    else line.messages.push(waiting);
    this.#waiting++;
    this.#bytes += waiting.message.length;
  }

  /**
   * Takes messages for a commit: of at most `inboxes` inboxes, and until they have `bytes` bytes or more. Each portion must
   * be settled. Messages whose packets have been admitted don't go with others, which might hold them up again.
   */
  take(inboxes: number, bytes: number): Portion[] {
    const portions: Portion[] = [];
    let left = bytes;
    for (const [inbox, line] of this.#lines) {
      if (portions.length === inboxes || left <= 0) break;
      const isAdmitted = line.messages[0]!.tag === undefined;
      let size = 0;
      for (const { message, tag } of line.messages) {
        if (size >= left || (tag === undefined) !== isAdmitted) break;
        size += message.length;
        line.taken++;
      }
      left -= size;
      portions.push({ inbox, messages: line.messages.slice(0, line.taken), bytes: size });
    }
    for (const { inbox } of portions) {
      const line = this.#lines.get(inbox)!;
      this.#lines.delete(inbox); // it goes to the end, so that others have their turn
      this.#lines.set(inbox, line);
    }
    return portions;
  }

  /** A message of an inbox by its place, from 0; undefined when there is none. */
  at(inbox: Pseudonym, place: number): Uint8Array | undefined {
    return this.#lines.get(inbox)?.messages[place]?.message;
  }

  /** The inboxes that it has messages of. */
  get inboxes(): Pseudonym[] {
    return [...this.#lines.keys()];
  }

  /** Drops the first `count` messages of an inbox, except those in the commit under way. Returns what it dropped. */
  drop(inbox: Pseudonym, count: number): Waiting[] {
    const line = this.#lines.get(inbox)!;
    const dropped = line.messages.splice(line.taken, Math.max(0, count - line.taken));
    if (line.messages.length === 0) this.#lines.delete(inbox);
    this.#waiting -= dropped.length;
    this.#bytes -= bytesOf(dropped);
    return dropped;
  }

  /** Ends the commit of a portion: what remains of it, in order, waits again, before what came later. */
  settle({ inbox, messages, bytes }: Portion, remaining: readonly Waiting[]): void {
    const line = this.#lines.get(inbox)!;
    line.messages.splice(0, line.taken, ...remaining);
    line.taken = 0;
    if (line.messages.length === 0) this.#lines.delete(inbox);
    this.#waiting += remaining.length - messages.length;
    this.#bytes += bytesOf(remaining) - bytes;
  }
}

/** Bytes of all these messages. */
export function bytesOf(messages: readonly Waiting[]): number {
  return messages.reduce((sum, { message }) => sum + message.length, 0);
}
