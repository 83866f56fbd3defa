import type { Standing } from "../limits/places.ts";

/** The groups of connections, in the order in which they take turns. */
const GROUPS: readonly Standing[] = ["known", "confirmed", "pending"];

/**
 * Decides who hands over packets next while there is too little room for all. Connections of each group get it in the
 * order in which they came, and the groups take turns: however many strangers send as much as they can, between two turns
 * of the topology's mixnodes there are at most two of theirs.
 */
export class Turns {
  readonly #waiting: Readonly<Record<Standing, (() => void)[]>> = { known: [], confirmed: [], pending: [] };
  /** of the group that had the latest turn */
  #last = 0;
  #isTaken = false;

  /** Whether somebody has the turn. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Resolves when it is the turn of this connection, which lasts until what this resolves with is disposed. */
  async take(group: Standing): Promise<Disposable> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting[group].push(resolve));
    else this.#last = GROUPS.indexOf(group);
    this.#isTaken = true;
    return { [Symbol.dispose]: () => this.#pass() };
  }

  #pass(): void {
    for (let i = 1; i <= GROUPS.length; i++) {
      const at = (this.#last + i) % GROUPS.length;
      const next = this.#waiting[GROUPS[at]!].shift();
      if (next === undefined) continue;
      this.#last = at;
      return next();
    }
    this.#isTaken = false;
  }
}
