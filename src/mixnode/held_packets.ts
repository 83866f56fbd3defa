import type { SocketAddress } from "../addresses/socket_address.ts";

interface Held {
  /** when its delay is over, in ms of performance.now() */
  readonly due: number;
  readonly to: SocketAddress;
  readonly packet: Uint8Array;
}

/** Clients ask for 200 ms on average: of 22,000 packets, one asks for more than this (ms). */
const LONG_DELAY = 2000;
/** The share of the capacity that packets with long delays may use. */
const SHARE_OF_LONG = 1 / 2;

/** Sends a packet on. */
export type Release = (to: SocketAddress, packet: Uint8Array) => void;

/**
 * Holds packets for their delays, in a heap ordered by due time, with one timer for the first one. It
 * holds at most `capacity` packets; callers must ask {@linkcode hasRoomFor} first. A few packets per second with long
 * delays cannot fill it for others.
 */
export class HeldPackets {
  /** a binary heap: no entry is due before its parent */
  readonly #heap: Held[] = [];
  readonly #capacity: () => number;
  readonly #release: Release;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** when the timer fires */
  #wakesAt = Infinity;
  #drained: PromiseWithResolvers<void> | undefined;

  /** `capacity` is read for each packet, because it may change; `release` gets each packet when its delay is over. */
  constructor(capacity: () => number, release: Release) {
    this.#capacity = capacity;
    this.#release = release;
  }

  /** The number of packets held. */
  get size(): number {
    return this.#heap.length;
  }

  /** Whether it can hold one more packet, for `delay` ms. */
  hasRoomFor(delay: number): boolean {
    return this.#heap.length < this.#capacity() * (delay > LONG_DELAY ? SHARE_OF_LONG : 1);
  }

  /** Holds the packet (kept, not copied) for `delay` ms; releases it at once if that is 0. */
  hold(to: SocketAddress, packet: Uint8Array, delay: number): void {
    if (delay === 0) return this.#release(to, packet);
    this.#push({ due: performance.now() + delay, to, packet });
    this.#arm();
  }

  /**
   * Keeps releasing what falls due within `patience` ms. Resolves with the number of packets still held
   * after that, which are dropped.
   */
  async drain(patience: number): Promise<number> {
    const end = performance.now() + patience;
    while (this.#heap.length > 0 && this.#heap[0]!.due <= end && performance.now() < end) {
      this.#drained = Promise.withResolvers();
      await this.#drained.promise;
    }
    clearTimeout(this.#timer);
    return this.#heap.splice(0).length;
  }

  #arm(): void {
    const due = this.#heap[0]?.due ?? Infinity;
    if (due >= this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = due;
    const delay = Math.max(0, Math.ceil(due - performance.now())); // a fraction would be cut off
    this.#timer = setTimeout(() => this.#wake(), delay);
  }

  #wake(): void {
    this.#wakesAt = Infinity;
    const now = performance.now();
    while (this.#heap.length > 0 && this.#heap[0]!.due <= now) {
      const { to, packet } = this.#pop();
      this.#release(to, packet);
    }
    this.#arm();
    this.#drained?.resolve();
  }

  #push(held: Held): void {
    const heap = this.#heap;
    let at = heap.push(held) - 1;
    while (at > 0) {
      const parent = at - 1 >> 1;
      if (heap[parent]!.due <= held.due) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = held;
  }

  #pop(): Held {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.due < heap[child]!.due) child++;
      if (heap[child]!.due >= last.due) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
