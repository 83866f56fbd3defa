import { setLogLevel } from "../logging/log.ts";
import { Interrupted } from "../signals/interruption.ts";
import { Interruption } from "./interruption.ts";
import { Terminal } from "./terminal.ts";

/**
 * Tells a story on the terminal. Resolves with the exit code: 0 on success, 1 on failure, 130 after Ctrl-C. `name`: what
 * has failed
 */
export async function tell(
  story: (terminal: Terminal, signal: AbortSignal) => Promise<void>,
  name: string,
): Promise<number> {
  using interruption = new Interruption();
  const terminal = Terminal.standard();
  setLogLevel("error"); // the story shows the rest
  try {
    await story(terminal, interruption.signal);
    return 0;
  } catch (error) {
    terminal.line();
    if (error instanceof Interrupted) {
      terminal.line("  Interrupted: everything was closed and removed.");
      return error.exitCode;
    }
    const reason = error instanceof Error ? error.message : String(error);
    terminal.line(`  ${terminal.paint("✗", "red")} ${name} failed: ${reason}`);
    return 1;
  }
}
