import { readText } from "../config/files.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { atSignals, Interrupted } from "../signals/interruption.ts";
import type { Options } from "./options.ts";
import { passphraseLine } from "./passphrase_line.ts";

/** Characters. What guards a gateway's keys must take longer to guess than the keys are worth. */
const SHORTEST = 12;

/**
 * The passphrase in the file that --passphrase-file names, or else typed on the terminal: twice for one that `isNew`.
 * Throws an OperatorError when there is none, and Interrupted at Ctrl-C.
 */
export async function readPassphrase(options: Options, isNew: boolean): Promise<string> {
  const path = options["passphrase-file"];
  if (path !== undefined) return longEnough(readText(path, `the passphrase file ${path}`).replace(/\r?\n$/, ""), path);
  if (!Deno.stdin.isTerminal()) {
    throw new OperatorError(
      "There is no terminal to ask for the passphrase on: give --passphrase-file <file>",
      ExitCode.USAGE,
    );
  }
  using terminal = new SilentTerminal();
  const passphrase = longEnough(await terminal.ask("Passphrase: "), "what was typed");
  if (isNew && await terminal.ask("The same passphrase again: ") !== passphrase) {
    throw new OperatorError("The two passphrases differ: try again", ExitCode.USAGE);
  }
  return passphrase;
}

function longEnough(passphrase: string, where: string): string {
  if (/[\r\n]/.test(passphrase)) {
    throw new OperatorError(`Cannot take the passphrase in ${where}: it is more than one line`, ExitCode.USAGE);
  }
  const { length } = [...passphrase];
  if (length >= SHORTEST) return passphrase;
  throw new OperatorError(
    `Cannot take the passphrase in ${where}: it has ${length} characters and should have ${SHORTEST} or more`,
    ExitCode.USAGE,
  );
}

/** The terminal, which does not show what is typed until the end of its scope: from before the first question on. */
class SilentTerminal implements Disposable {
  readonly #signals = atSignals((exitCode) => {
    Deno.stdin.setRaw(false);
    Deno.exit(exitCode);
  });

  constructor() {
    Deno.stdin.setRaw(true);
  }

  /** Resolves with the line that is typed. Throws Interrupted when that is given up. */
  async ask(question: string): Promise<string> {
    await writeError(question);
    const line = await passphraseLine(typedBytes());
    await writeError("\n");
    if (line === undefined) throw new Interrupted(130);
    return line;
  }

  [Symbol.dispose](): void {
    Deno.stdin.setRaw(false);
    this.#signals[Symbol.dispose]();
  }
}

/** One at a time: what comes after the line belongs to the next question. */
async function* typedBytes(): AsyncGenerator<number> {
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) !== null) yield byte[0]!;
}

async function writeError(text: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(text));
}
