import { printError } from "../output/output.ts";
import { atSignals, Interrupted } from "../../signals/interruption.ts";

/**
 * Does work that can be interrupted. When the process is signalled, the work's AbortSignal is aborted; the work must
 * then clean up and soon throw the AbortSignal's reason. Resolves with the exit code in that case, after it has printed
 * `outcome`. A second signal, which is not an echo of the first, ends the program at once.
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<void>,
  outcome = "nothing was changed",
): Promise<number | void> {
  const aborter = new AbortController();
  using _ = atSignals((exitCode) => {
    if (aborter.signal.aborted) Deno.exit(exitCode);
    aborter.abort(new Interrupted(exitCode));
  });
  try {
    await work(aborter.signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    printError(`Interrupted: ${outcome}.`);
    return error.exitCode;
  }
}
