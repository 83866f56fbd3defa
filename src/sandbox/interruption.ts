import { atSignals, Interrupted } from "../signals/interruption.ts";

/**
 * Until disposed, signals such as Ctrl-C abort `signal` instead of ending the program. That holds for repeated signals
 * too, so that everything started is closed and its files are removed in any case.
 */
export class Interruption {
  readonly #aborter = new AbortController();
  readonly #signals = atSignals((exitCode) => this.#aborter.abort(new Interrupted(exitCode)));

  /** Aborted with an Interrupted at the first signal. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** Restores the default handling of signals. */
  [Symbol.dispose](): void {
    this.#signals[Symbol.dispose]();
  }
}
