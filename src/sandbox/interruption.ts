/** What ends a program from outside: Ctrl-C, a polite kill, the terminal's end. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * While it lives, these signals abort `signal` in place of ending the program, also the second and third of them: what
 * was started is to be closed, and its files removed, whatever the fingers on the keyboard do.
 */
export class Interruption {
  readonly #aborter = new AbortController();
  readonly #abort = () => this.#aborter.abort(new Interrupted());

  constructor() {
    for (const name of SIGNALS) Deno.addSignalListener(name, this.#abort);
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) Deno.removeSignalListener(name, this.#abort);
  }
}

/** The reason of an interruption. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
