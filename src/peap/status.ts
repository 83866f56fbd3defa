import { Change } from "../timing/change.ts";
import type { PeapError } from "./errors.ts";

/**
 * How a client stands with its gateway:
 * - `connecting`: for the first time
 * - `connected`: logged in. `proven` says whether the gateway has proven that it holds its key; 0.7.0 gateways cannot.
 * - `reconnecting`: the connection broke with `cause`; the next attempt is in `in` ms
 * - `offline`: the same, while the machine has no network
 * - `full`: disconnected until the application takes received messages
 * - `superseded`, `failed`, `closed`: the end. The same identity logged in elsewhere, the link failed, or the
 *   application closed it.
 */
export type Status =
  | { readonly state: "connecting" | "offline" | "full" | "closed" }
  | { readonly state: "connected"; readonly gateway: string; readonly proven: boolean }
  | { readonly state: "reconnecting"; readonly in: number; readonly cause: PeapError }
  | { readonly state: "superseded" | "failed"; readonly cause: PeapError };

/**
 * The latest of a sequence of values, for any number of readers. A slow reader skips values, so nothing accumulates.
 */
export class Latest<T> implements AsyncIterable<T> {
  #value: T;
  #version = 0;
  #isOver = false;
  readonly #changed = new Change();

  /** Begins with `value`. */
  constructor(value: T) {
    this.#value = value;
  }

  /** The latest value. */
  get value(): T {
    return this.#value;
  }

  /** Sets the latest value, unless the sequence is over. */
  set(value: T): void {
    if (this.#isOver) return;
    this.#value = value;
    this.#version++;
    this.#changed.happened();
  }

  /** Sets the last value. */
  end(value: T): void {
    this.set(value);
    this.#isOver = true;
  }

  /** The current value, then each new one up to the last. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (let seen = -1;;) {
      if (seen !== this.#version) {
        seen = this.#version;
        yield this.#value;
      } else if (this.#isOver) return;
      else await this.#changed.next;
    }
  }
}
