import { runOnTerminal } from "./terminal_program.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Tells a story on the terminal. Resolves with the exit code: 0 on success, 1 on failure, 130 after Ctrl-C. `name`: what
 * has failed
 */
export function tell(
  story: (terminal: Terminal, signal: AbortSignal) => Promise<void>,
  name: string,
): Promise<number> {
  // The story shows what a log would have below errors.
  return runOnTerminal(story, "error", {
    interrupted: "Interrupted: everything was closed and removed.",
    failed: (terminal, reason) => `  ${terminal.paint("✗", "red")} ${name} failed: ${reason}`,
  }, ({ exitCode }) => exitCode);
}
