/** `deno task chat`: two windows that talk through a local mixnet, and a picture of it, until Ctrl-C. */
import { parseArgs } from "node:util";
import { PortInUse } from "../sandbox/ports.ts";
import { Terminal } from "../sandbox/terminal.ts";
import { aborted, runOnTerminal } from "../sandbox/terminal_program.ts";
import { Chat } from "./chat.ts";

const HELP = `Runs a mixnet on 127.0.0.1 and a page to chat through it, until Ctrl-C.

usage: deno task chat [--port <port>] [--hop-delay <ms>]

  --port <port>       where the page is; 0 for any free port (default: 8700)
  --hop-delay <ms>    how long packets rest at each of three mixnodes, on
                      average: longer to watch them (default: 400)`;

/** Exit code for an invalid command line (sysexits). */
const USAGE = 64;
const LONGEST_DELAY = 10_000;

/** What the command line asks for; the mean delay is in ms. */
interface Request {
  readonly port: number;
  readonly meanHopDelay: number;
}

async function main(): Promise<number> {
  const terminal = Terminal.standard();
  const request = readArguments();
  if (typeof request === "string") {
    terminal.line(request);
    return request === HELP ? 0 : USAGE;
  }
  return await runOnTerminal((terminal, signal) => keepChat(request, terminal, signal), "error", {
    interrupted: "The mixnet has stopped, and its files are removed.",
    failed: (terminal, reason, error) => {
      const isInUse = error instanceof PortInUse || error instanceof Deno.errors.AddrInUse;
      return `${terminal.paint("error:", "red")} ${reason}${isInUse ? "; choose another with --port" : ""}`;
    },
  });
}

async function keepChat(request: Request, terminal: Terminal, signal: AbortSignal): Promise<void> {
  terminal.line();
  terminal.line(`  ${terminal.paint("Two windows, one mixnet", "bold")}`);
  await using chat = await Chat.start(request, signal);
  terminal.line();
  terminal.line(`  Open this page:  ${terminal.paint(chat.url, "cyan", "bold")}`);
  terminal.line(terminal.paint("  It shows an invitation for the second window. Ctrl-C stops it.", "dim"));
  terminal.line();
  await aborted(signal);
}

/** What to start, or what to print instead. */
function readArguments(): Request | string {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: { "port": { type: "string" }, "hop-delay": { type: "string" }, "help": { type: "boolean" } },
    });
    if (values.help === true) return HELP;
    const port = Number(values.port ?? 8700);
    const meanHopDelay = Number(values["hop-delay"] ?? 400);
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) return "error: --port must be a port, or 0";
    if (!(meanHopDelay >= 1 && meanHopDelay <= LONGEST_DELAY)) return "error: --hop-delay must be 1 to 10000 ms";
    return { port, meanHopDelay };
  } catch (error) {
    if (error instanceof TypeError) return `error: ${error.message}; see --help`;
    throw error;
  }
}

if (import.meta.main) Deno.exit(await main());
