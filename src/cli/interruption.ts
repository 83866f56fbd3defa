import { printError } from "./output.ts";
import { atSignals, Interrupted } from "../signals/interruption.ts";

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
