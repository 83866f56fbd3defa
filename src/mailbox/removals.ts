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
  /** those of which something in the commit under way is to leave as soon as it is there */
  readonly #expected = new Set<Pseudonym>();

  /** How many wait to be committed. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Whether something has still to leave this inbox. */
  concern(inbox: Pseudonym): boolean {
    return this.#left.has(inbox) || this.#expected.has(inbox);
  }

  add(removals: readonly Removal[]): void {
    for (const removal of removals) {
      this.#waiting.push(removal);
      this.#left.set(removal.inbox, (this.#left.get(removal.inbox) ?? 0) + 1);
    }
  }

  /** Something of the commit under way is to leave this inbox: what that is comes when the commit is over. */
  expect(inbox: Pseudonym): void {
    this.#expected.add(inbox);
  }

  /** The first ones, to be committed; they are to be {@linkcode settle}d. */
  take(most: number): Removal[] {
    return this.#waiting.splice(0, most);
  }

  /** The commit of these is over: they are on the disk, or given up. Yields each inbox that nothing has to leave any more. */
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

  /** Those of these inboxes that wait. */
  of(inboxes: ReadonlySet<Pseudonym>): Removal[] {
    return this.#waiting.filter(({ inbox }) => inboxes.has(inbox));
  }
}
