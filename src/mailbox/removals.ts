import type { Pseudonym } from "./pseudonym.ts";

/** A change to an inbox after confirmations or expiry. */
export interface Removal {
  /** the inbox that it changes */
  inbox: Pseudonym;
  /** the last sequence number of the chunk to remove, or CONFIRMED for the mark */
  last: number;
  /** the number of messages in it; 0 for a mark */
  messages: number;
  /** bytes of these messages */
  bytes: number;
  /** sets the mark to this sequence number instead of removing it */
  mark?: number;
}

/** What must leave the disk, in order, and the inboxes that wait for it. */
export class Removals {
  /** bounded by the unconfirmed chunks that readers have handed out (inbox_reader.ts) */
  #waiting: Removal[] = [];
  /** the number of removals for each inbox, including those being committed */
  readonly #left = new Map<Pseudonym, number>();
  /** inboxes with something in the current commit that must be removed once it is written */
  readonly #expected = new Set<Pseudonym>();

  /** The number of removals waiting for a commit, without those taken. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Whether something must still leave this inbox. */
  concern(inbox: Pseudonym): boolean {
    return this.#left.has(inbox) || this.#expected.has(inbox);
  }

  /** Queues removals behind those already waiting. */
  add(removals: readonly Removal[]): void {
    for (const removal of removals) {
      this.#waiting.push(removal);
      this.#left.set(removal.inbox, (this.#left.get(removal.inbox) ?? 0) + 1);
    }
  }

  /**
   * Announces that something in the current commit must leave this inbox; {@linkcode add} follows when it has ended.
   */
  expect(inbox: Pseudonym): void {
    this.#expected.add(inbox);
  }

  /** Takes up to `most` of the first ones for a commit. The caller must {@linkcode settle} them. */
  take(most: number): Removal[] {
    return this.#waiting.splice(0, most);
  }

  /** The commit of these was written or given up. Yields each inbox that nothing must leave any more. */
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

  /** The removals waiting for these inboxes, without those taken. */
  of(inboxes: ReadonlySet<Pseudonym>): Removal[] {
    return this.#waiting.filter(({ inbox }) => inboxes.has(inbox));
  }
}
