import { atSignals, Interrupted } from "../signals/interruption.ts";

/**
 * While it lives, signals abort `signal` in place of ending the program, also the second and third of them: what was
 * started is to be closed, and its files removed, whatever the fingers on the keyboard do.
 */
export class Interruption {
  readonly #aborter = new AbortController();
  readonly #signals = atSignals((exitCode) => this.#aborter.abort(new Interrupted(exitCode)));

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  [Symbol.dispose](): void {
    this.#signals[Symbol.dispose]();
  }
}
