/** How often something may happen. */
export interface Rate {
  /** times at once */
  readonly burst: number;
  /** times a second in the long run */
  readonly perSecond: number;
}

/** `count` an hour, all of which may happen at once. */
export function perHour(count: number): Rate {
  return { burst: count, perSecond: count / 3600 };
}

/** A token bucket, full at first. `now` is in ms, from any origin. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** Starts with `rate.burst` tokens. */
  constructor(private readonly rate: Rate, now: number) {
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** Takes `count` tokens; returns false and takes none if there are fewer. */
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
