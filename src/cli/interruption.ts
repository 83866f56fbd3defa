import { printError } from "./output.ts";
import { SIGNALS } from "./signals.ts";

/** A signal has ended what was going on. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  /** @param exitCode that of a program that the signal has ended */
  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

/** The terminal is gone: for what is no server, a reason to end. */
const HANGUP = { name: "SIGHUP", exitCode: 129 } as const;
const ENDING = Deno.build.os === "windows" ? SIGNALS : [...SIGNALS, HANGUP];

/** Calls `act` at each signal that asks the program to end, with its exit code, until the end of its scope. */
export function atSignals(act: (exitCode: number) => void): Disposable {
  const listeners = ENDING.map(({ name, exitCode }) => ({ name, listener: () => act(exitCode) }));
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  return {
    [Symbol.dispose]: () => {
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}

/**
 * Does work that leaves nothing behind when it is given up: at a signal its own is aborted, and it has to end soon by
 * throwing that one's reason. Resolves with the exit code then. A second signal ends the program at once.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<number | void> {
  const aborter = new AbortController();
  using _ = atSignals((exitCode) => {
    if (aborter.signal.aborted) Deno.exit(exitCode);
    aborter.abort(new Interrupted(exitCode));
  });
  try {
    await work(aborter.signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    printError("Interrupted: all is as it was before.");
    return error.exitCode;
  }
}
