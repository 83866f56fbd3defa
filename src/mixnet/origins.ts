/** What packets come from. */
export interface Origin {
  /** One of its packets, or several, were good: their MAC is authentic and they hold a message. `now` in ms. */
  proved(now: number): void;
}

/**
 * Remembers where packets came from that are being unwrapped elsewhere: results come back in the order of arrival, so a
 * count for each run of packets of one origin will do, and packets carry nothing. It holds what the unwrapping has.
 */
export class Origins {
  readonly #runs: { origin: Origin; packets: number }[] = [];

  /** A packet of `origin` comes after those before. */
  add(origin: Origin): void {
    const last = this.#runs.at(-1);
    if (last?.origin === origin) last.packets++;
    else this.#runs.push({ origin, packets: 1 });
  }

  /** The first `packets` are done; `isGood` says of each, from 0 on, what came out. */
  settle(packets: number, isGood: (index: number) => boolean, now: number): void {
    for (let at = 0; at < packets;) {
      const run = this.#runs[0]!;
      const end = Math.min(packets, at + run.packets);
      run.packets -= end - at;
      if (run.packets === 0) this.#runs.shift();
      while (at < end && !isGood(at)) at++;
      if (at < end) run.origin.proved(now);
      at = end;
    }
  }
}
