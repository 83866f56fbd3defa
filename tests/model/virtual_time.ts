import { setImmediate } from "node:timers";

interface Timer {
  due: number;
  order: number;
  run: () => void;
}

/**
 * Virtual time for `performance.now`, `Date.now` and timers until disposed. It passes only on request. Turns of the
 * event loop stay real. It replaces the globals, because a parameter would have to reach every timer of the mailbox and
 * the sessions.
 */
export class VirtualTime {
  #now = 0;
  #order = 0;
  #wallClockError = 0;
  readonly #timers = new Map<number, Timer>();
  readonly #real = { now: performance.now, date: Date.now, setTimeout, clearTimeout };

  constructor() {
    performance.now = () => this.#now;
    const since1970 = this.#real.date();
    Date.now = () => since1970 + this.#now + this.#wallClockError;
    const set = (run: () => void, delay = 0) => {
      this.#timers.set(++this.#order, { due: this.#now + delay, order: this.#order, run });
      return this.#order;
    };
    globalThis.setTimeout = set as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer?: number) => this.#timers.delete(timer ?? 0)) as unknown as typeof clearTimeout;
  }

  get now(): number {
    return this.#now;
  }

  /** Lets `ms` pass. Awaits `settle` after each timer, so that each sees the effects of the previous ones. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.#now + ms;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#now = Math.max(this.#now, timer.due);
      this.#timers.delete(timer.order);
      timer.run();
      await settle();
    }
    this.#now = end;
  }

  /** Sets the wall clock (`Date.now`) forward by `ms`, as an operator or NTP might. No other time passes. */
  setWallClockForward(ms: number): void {
    this.#wallClockError += ms;
  }

  /** Discards the timers of a crashed program. */
  forget(): void {
    this.#timers.clear();
  }

  [Symbol.dispose](): void {
    performance.now = this.#real.now;
    Date.now = this.#real.date;
    globalThis.setTimeout = this.#real.setTimeout;
    globalThis.clearTimeout = this.#real.clearTimeout;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (timer.due > end) continue;
      if (next === undefined || timer.due < next.due || timer.due === next.due && timer.order < next.order) {
        next = timer;
      }
    }
    return next;
  }
}

/** One turn of the event loop: settles promises and calls pending callbacks. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
