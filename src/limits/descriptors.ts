import { freeDescriptors } from "./free_descriptors.ts";

/**
 * Descriptors that must be free to admit connections: enough for these, and as many again for the rest of the program.
 */
const REQUIRED = 32;
/** Connections admitted before the next check. Each takes at most three descriptors. */
const CONNECTIONS = 3;
/** ms until the next check in any case, because the rest of the program opens files and connections too */
const CHECK_INTERVAL = 20;

/**
 * Decides whether enough descriptors are free for one more connection. The runtime's server must never run out of them:
 * it would lose its WebSockets. The check opens files, because reading the limit takes permissions that the program
 * needs for nothing else, and would not show how many are in use.
 */
export class Descriptors {
  #connections = 0;
  #wereFree = true;
  #checkedAt = -Infinity;

  /**
   * `count` returns the number of free descriptors, counting no further than its argument; `promised`, how many
   * descriptors the connections that were admitted have yet to take.
   */
  constructor(
    private readonly count: (most: number) => number = freeDescriptors,
    private readonly promised: () => number = () => 0,
  ) {}

  /** Whether a connection may be admitted at `now` (ms). Each call that returns true counts as one connection. */
  take(now: number): boolean {
    if (now - this.#checkedAt > CHECK_INTERVAL || this.#wereFree && this.#connections === 0) {
      const needed = REQUIRED + this.promised();
      this.#wereFree = this.count(needed) === needed;
      this.#connections = this.#wereFree ? CONNECTIONS : 0;
      this.#checkedAt = now;
    }
    if (this.#connections === 0) return false;
    this.#connections--;
    return true;
  }
}
