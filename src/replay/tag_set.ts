const FIRST_SLOTS = 1024;
/** The share of slots beyond which a set is full or grows; a search then takes 4 adjacent slots on average. */
const MAX_LOAD = 5 / 8;

/**
 * A set of 64-bit numbers other than 0, each given as two unsigned 32-bit words. It has 8 bytes per slot, and never
 * more slots than its capacity needs (open addressing, linear probing, doubling).
 */
export class TagSet {
  readonly #capacity: number;
  /** Senders can choose tags at will. These secrets keep them from choosing many that collide. */
  readonly #factor = randomOdd();
  readonly #otherFactor = randomOdd();
  #slots = FIRST_SLOTS;
  #words: Uint32Array;
  #size = 0;

  /**
   * An empty set.
   *
   * @param capacity how many numbers it can hold
   * @param expected how many it can hold without growing, up to the capacity
   */
  constructor(capacity: number, expected: number) {
    this.#capacity = capacity;
    while (MAX_LOAD * this.#slots < Math.min(expected, capacity)) this.#slots *= 2;
    this.#words = new Uint32Array(2 * this.#slots);
  }

  /** How many numbers it contains. */
  get size(): number {
    return this.#size;
  }

  /** Whether it has reached its capacity. */
  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  /** Whether it contains the number `high` ‖ `low`. */
  has(high: number, low: number): boolean {
    const at = this.#find(high, low);
    return this.#words[at] !== 0 || this.#words[at + 1] !== 0;
  }

  /** Adds a number that it does not contain. Check {@linkcode isFull} first. */
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

  /** The index of its slot, or of the empty slot where it would go. */
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
