/** How often something may happen: `burst` times at once, and then `perSecond`. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** So many an hour, of which all may come at once. */
export function perHour(count: number): Rate {
  return { burst: count, perSecond: count / 3600 };
}

/** A bucket that fills with time, up to its burst; what happens takes from it. Pure: `now` is in ms, of any origin. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  constructor(private readonly rate: Rate, now: number) {
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** Takes `count`, if there are so many. */
  take(now: number, count = 1): boolean {
    this.#fill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  #fill(now: number): void {
    const { burst, perSecond } = this.rate;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, now - this.#at) / 1000 * perSecond);
    this.#at = now;
  }
}
