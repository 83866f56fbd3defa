import type { Level } from "../logging/level.ts";
import { setLogLevel } from "../logging/log.ts";
import { Interrupted } from "../signals/interruption.ts";
import { Interruption } from "./interruption.ts";
import { Terminal } from "./terminal.ts";
import { unlessAborted } from "./until.ts";

/** How a program ends on the terminal. */
export interface Endings {
  /** the line after Ctrl-C */
  readonly interrupted: string;
  /** the line after an error */
  failed(terminal: Terminal, reason: string, error: unknown): string;
}

/**
 * Runs a program that Ctrl-C may end, with log lines from `level` on. Resolves with 1 after an error, and otherwise with 0 or,
 * if a signal ended it, with what `codeOf` makes of that.
 */
export async function runOnTerminal(
  program: (terminal: Terminal, signal: AbortSignal) => Promise<void>,
  level: Level,
  { interrupted, failed }: Endings,
  codeOf: (interrupted: Interrupted) => number = () => 0,
): Promise<number> {
  using interruption = new Interruption();
  const terminal = Terminal.standard();
  setLogLevel(level);
  try {
    await program(terminal, interruption.signal);
    return 0;
  } catch (error) {
    terminal.line();
    if (error instanceof Interrupted) {
      terminal.line(`  ${interrupted}`);
      return codeOf(error);
    }
    terminal.line(failed(terminal, error instanceof Error ? error.message : String(error), error));
    return 1;
  }
}

/** Never resolves, and rejects with the signal's reason once that is aborted. */
export function aborted(signal: AbortSignal): Promise<never> {
  return unlessAborted(new Promise<never>(() => {}), signal);
}
