import type { Standing } from "../limits/places.ts";

/** The groups of connections, in the order in which they take turns. */
const GROUPS: readonly Standing[] = ["known", "confirmed", "pending"];

/** Waits in a group; gets its turn, or undefined if it leaves. */
type Waiting<Holder> = Map<Holder, (turn: Disposable | undefined) => void>;

/**
 * Decides who hands over packets next while there is too little room for all. Connections of each group get it in the
 * order in which they came, and the groups take turns: however many strangers send as much as they can, between two turns
 * of the topology's mixnodes there are at most two of theirs.
 */
export class Turns<Holder> {
  readonly #waiting: Readonly<Record<Standing, Waiting<Holder>>> = {
    known: new Map(),
    confirmed: new Map(),
    pending: new Map(),
  };
  /** of the group that had the latest turn */
  #last = 0;
  #isTaken = false;

  /** Whether somebody has the turn. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /**
   * Resolves when it is the turn of this connection, which lasts until what this resolves with is disposed; with
   * undefined if it leaves before that.
   */
  async take(group: Standing, holder: Holder): Promise<Disposable | undefined> {
    if (this.#isTaken) {
      return await new Promise((resolve) => this.#waiting[group].set(holder, resolve));
    }
    this.#last = GROUPS.indexOf(group);
    this.#isTaken = true;
    return this.#turn();
  }

  /** A connection that waits does so no longer. One that has the turn keeps it. */
  leave(holder: Holder): void {
    for (const waiting of Object.values(this.#waiting)) {
      waiting.get(holder)?.(undefined);
      waiting.delete(holder);
    }
  }

  #turn(): Disposable {
    return { [Symbol.dispose]: () => this.#pass() };
  }

  #pass(): void {
    for (let i = 1; i <= GROUPS.length; i++) {
      const at = (this.#last + i) % GROUPS.length;
      const waiting = this.#waiting[GROUPS[at]!];
      const [next] = waiting;
      if (next === undefined) continue;
      const [holder, resolve] = next;
      waiting.delete(holder);
      this.#last = at;
      return resolve(this.#turn());
    }
    this.#isTaken = false;
  }
}
