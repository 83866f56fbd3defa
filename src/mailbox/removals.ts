import type { Pseudonym } from "./pseudonym.ts";

/** One change of an inbox that follows from confirmations or expiry. */
export interface Removal {
  /** which inbox it changes */
  inbox: Pseudonym;
  /** what is removed: a chunk, by its last sequence number, or the mark at CONFIRMED */
  last: number;
  /** messages in it; 0 for a mark */
  messages: number;
  /** bytes of these messages */
  bytes: number;
  /** sets the mark to this sequence number, in place of removing it */
  mark?: number;
}

/** What is to leave the disk, in order, and the inboxes that wait for that. */
export class Removals {
  /** bounded by what readers have handed out and is unconfirmed (inbox_reader.ts) */
  #waiting: Removal[] = [];
  /** removals of each inbox, those being committed included */
  readonly #left = new Map<Pseudonym, number>();
  /** inboxes with something in the commit under way that is to be removed as soon as it is written */
  readonly #expected = new Set<Pseudonym>();

  /** How many wait to be committed, without those taken. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Whether something has still to leave this inbox. */
  concern(inbox: Pseudonym): boolean {
    return this.#left.has(inbox) || this.#expected.has(inbox);
  }

  /** Queues removals behind those that wait already. */
  add(removals: readonly Removal[]): void {
    for (const removal of removals) {
      this.#waiting.push(removal);
      this.#left.set(removal.inbox, (this.#left.get(removal.inbox) ?? 0) + 1);
    }
  }

  /** Announces that something of the commit under way is to leave this inbox; {@linkcode add} follows when it is over. */
  expect(inbox: Pseudonym): void {
    this.#expected.add(inbox);
  }

  /** Takes the first ones, at most `most`, to be committed. The caller must {@linkcode settle} them. */
  take(most: number): Removal[] {
    return this.#waiting.splice(0, most);
  }

  /** Ends the commit of these, written or given up. Yields each inbox that nothing has to leave any more. */
  *settle(removals: readonly Removal[]): Generator<Pseudonym> {
    for (const { inbox } of removals) {
      const left = this.#left.get(inbox)! - 1;
      if (left > 0) this.#left.set(inbox, left);
      else {
        this.#left.delete(inbox);
        this.#expected.add(inbox);
      }
    }
    for (const inbox of this.#expected) if (!this.#left.has(inbox)) yield inbox;
    this.#expected.clear();
  }

  /** The waiting removals of these inboxes, without those taken. */
  of(inboxes: ReadonlySet<Pseudonym>): Removal[] {
    return this.#waiting.filter(({ inbox }) => inboxes.has(inbox));
  }
}
