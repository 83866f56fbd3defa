const FIRST_SLOTS = 1024;
/** Beyond this share of its slots a set is full or grows: a search then looks at 4 slots side by side, on average. */
const MAX_LOAD = 5 / 8;

/**
 * A set of numbers of 64 bits, given as two of 32 bits, of which not both are 0. It takes 8 bytes a slot, and its slots
 * are at most as many as its capacity needs (open addressing, linear probing, doubling).
 */
export class TagSet {
  readonly #capacity: number;
  /** Senders choose tags at will: where one goes is a secret, so that nobody can crowd them together. */
  readonly #factor = randomOdd();
  readonly #otherFactor = randomOdd();
  #slots = FIRST_SLOTS;
  #words: Uint32Array;
  #size = 0;

  /** @param capacity how many it can hold  @param expected how many it has room for without growing */
  constructor(capacity: number, expected: number) {
    this.#capacity = capacity;
    while (MAX_LOAD * this.#slots < Math.min(expected, capacity)) this.#slots *= 2;
    this.#words = new Uint32Array(2 * this.#slots);
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  has(high: number, low: number): boolean {
    const at = this.#find(high, low);
    return this.#words[at] !== 0 || this.#words[at + 1] !== 0;
  }

  /** Adds one that it does not have. Ask {@linkcode isFull} first. */
  add(high: number, low: number): void {
    if (this.#size >= MAX_LOAD * this.#slots) this.#grow();
    this.#put(high, low);
    this.#size++;
  }

  #put(high: number, low: number): void {
    const at = this.#find(high, low);
    this.#words[at] = high;
    this.#words[at + 1] = low;
  }

  /** Where it is, or the empty slot where it would be. */
  #find(high: number, low: number): number {
    const words = this.#words;
    const last = 2 * this.#slots - 2;
    const hash = Math.imul(high, this.#factor) + Math.imul(low, this.#otherFactor);
    let at = (hash ^ hash >>> 15) << 1 & last;
    while (!(words[at] === high && words[at + 1] === low) && (words[at] !== 0 || words[at + 1] !== 0)) {
      at = at + 2 & last;
    }
    return at;
  }

  #grow(): void {
    const words = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(2 * this.#slots);
    for (let at = 0; at < words.length; at += 2) {
      if (words[at] !== 0 || words[at + 1] !== 0) this.#put(words[at]!, words[at + 1]!);
    }
  }
}

function randomOdd(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! | 1;
}
