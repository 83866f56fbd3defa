/** Pseudorandom numbers from a seed, so that a failed run can be repeated. */
export class Random {
  #state: number;

  /** `seed`: any integer; only its low 32 bits are used. */
  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** 0 … 2^32 − 1 (the mulberry32 generator) */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 … bound − 1 */
  below(bound: number): number {
    return Math.floor(this.next() / 2 ** 32 * bound);
  }

  between(minimum: number, maximum: number): number {
    return minimum + this.below(maximum - minimum + 1);
  }

  /** true once in `times` */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  bytes(size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 4) {
      const word = this.next();
      for (let i = at; i < Math.min(at + 4, size); i++) bytes[i] = word >>> 8 * (i - at);
    }
    return bytes;
  }
}

/** Runs `count` histories one after the other, from the seeds 1, 2 and so on. Rejects with an error that names the seed. */
export async function forEachSeed(count: number, history: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    await history(seed).catch((cause) => Promise.reject(new Error(`with the seed ${seed}`, { cause })));
  }
}
