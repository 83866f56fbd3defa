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

/** What is to leave the disk, in order, and the inboxes of which something has not left it yet. */
export class Removals {
  /** bounded by what readers have handed out and not had confirmed (inbox_reader.ts) */
  #waiting: Removal[] = [];
  /** how many there are of each inbox, those included that are being committed */
  readonly #left = new Map<Pseudonym, number>();

  /** How many wait to be committed. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Whether something has still to leave this inbox. */
  concern(inbox: Pseudonym): boolean {
    return this.#left.has(inbox);
  }

  add(removals: readonly Removal[]): void {
    for (const removal of removals) {
      this.#waiting.push(removal);
      this.#left.set(removal.inbox, (this.#left.get(removal.inbox) ?? 0) + 1);
    }
  }

  /** The first ones, to be committed; they are to be {@linkcode settle}d. */
  take(most: number): Removal[] {
    return this.#waiting.splice(0, most);
  }

  /** These are on the disk, or given up. Yields each inbox that nothing has to leave any more. */
  *settle(removals: readonly Removal[]): Generator<Pseudonym> {
    for (const { inbox } of removals) {
      const left = this.#left.get(inbox)! - 1;
      if (left > 0) this.#left.set(inbox, left);
      else {
        this.#left.delete(inbox);
        yield inbox;
      }
    }
  }

  /** Those of these inboxes that wait. */
  of(inboxes: ReadonlySet<Pseudonym>): Removal[] {
    return this.#waiting.filter(({ inbox }) => inboxes.has(inbox));
  }
}
