/** ms between two checks after which the program has stood still; they are a second apart at most */
const LATE = 5000;

/**
 * Notices that the program has stood still: it was stopped, its machine was paused, or it was swapped out. What peers
 * have sent meanwhile is read only after the timers that are due, so they must not be judged by their silence yet.
 */
export class Standstill {
  #checkedAt: number;

  /** `now`, here and below, is in ms of performance.now(). */
  constructor(now: number) {
    this.#checkedAt = now;
  }

  /** Must be called at each check of peers. Returns whether the program has stood still since the last one. */
  hasBeen(now: number): boolean {
    const isLate = now - this.#checkedAt > LATE;
    this.#checkedAt = now;
    return isLate;
  }
}
