/** A source of packets. */
export interface Origin {
  /** Called when at least one of its packets was good: its MAC was authentic, and the node handles it. `now` in ms. */
  proved(now: number): void;
}

/**
 * Remembers where the packets that are being unwrapped came from. Results arrive in the order of the packets, so counting
 * runs of packets of the same origin is enough. Bounded by the packets that are being unwrapped.
 */
export class Origins {
  readonly #runs: { origin: Origin; packets: number }[] = [];

  /** Records that the next packet is from `origin`. */
  add(origin: Origin): void {
    const last = this.#runs.at(-1);
    if (last?.origin === origin) last.packets++;
    else this.#runs.push({ origin, packets: 1 });
  }

  /** Settles the first `packets` packets; `isGood` says whether the one at an index, from 0 on, was good. */
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
