/** `deno task demo`: shows what a gateway does. Exit code: 0 on success, 1 on failure, 130 after Ctrl-C. */
import { setLogLevel } from "../logging/log.ts";
import { Interrupted } from "../signals/interruption.ts";
import { Interruption } from "./interruption.ts";
import { tellStory } from "./story.ts";
import { Terminal } from "./terminal.ts";

async function main(): Promise<number> {
  using interruption = new Interruption();
  const terminal = Terminal.standard();
  setLogLevel("error"); // the story shows the rest
  try {
    await tellStory(terminal, interruption.signal);
    return 0;
  } catch (error) {
    terminal.line();
    if (error instanceof Interrupted) {
      terminal.line("  Interrupted: everything was closed and removed.");
      return error.exitCode;
    }
    const reason = error instanceof Error ? error.message : String(error);
    terminal.line(`  ${terminal.paint("✗", "red")} The demo failed: ${reason}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
