import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import { logger } from "../../logging/log.ts";
import { atSignals, Interrupted } from "../../signals/interruption.ts";
import type { Options } from "../options/options.ts";
import { passphraseLine } from "./passphrase_line.ts";
import { LONGEST, passphraseOf } from "./passphrase_text.ts";

const STANDARD_INPUT = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];
const READ_BY_OTHERS = 0o004;

const log = logger("nym_gateway");

/**
 * The passphrase from the file that --passphrase-file names, or otherwise typed on the terminal; twice if it `isNew`.
 * @throws {OperatorError} if there is none, or it is not valid
 * @throws {Interrupted} at Ctrl-C
 */
export async function readPassphrase(options: Options, isNew: boolean): Promise<string> {
  const path = options["passphrase-file"];
  const isStandardInput = path === undefined || STANDARD_INPUT.includes(path);
  if (isStandardInput && Deno.stdin.isTerminal()) return await askForPassphrase(isNew);
  if (path === undefined) {
    throw new OperatorError(
      "There is no terminal to ask for the passphrase on: give --passphrase-file <file>",
      ExitCode.USAGE,
    );
  }
  const where = isStandardInput ? "the passphrase on standard input" : `the passphrase in ${path}`;
  try {
    const stream = isStandardInput ? Deno.stdin.readable : await openPrivately(path);
    return passphraseOf(await firstBytes(stream), where);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw fileError(`Cannot read ${where}`, error, ExitCode.INPUT_OUTPUT);
  }
}

async function askForPassphrase(isNew: boolean): Promise<string> {
  using terminal = new SilentTerminal();
  const typed = await terminal.ask("Passphrase: ");
  const passphrase = passphraseOf(typed, "the passphrase that was typed");
  if (isNew && `${await terminal.ask("The same passphrase again: ")}` !== `${typed}`) {
    throw new OperatorError("The two passphrases differ: try again", ExitCode.USAGE);
  }
  return passphrase;
}

async function openPrivately(path: string): Promise<ReadableStream<Uint8Array>> {
  const file = await Deno.open(path);
  const { mode } = await file.stat();
  if (((mode ?? 0) & READ_BY_OTHERS) !== 0 && Deno.build.os !== "windows") {
    log.warn(`Every user of this machine can read the passphrase in ${path}: set its mode to 0600`);
  }
  return file.readable;
}

/** All of them, or one more than a passphrase may have. */
async function firstBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const bytes: number[] = [];
  for await (const chunk of stream) {
    bytes.push(...chunk.subarray(0, LONGEST + 1));
    if (bytes.length > LONGEST) break;
  }
  return Uint8Array.from(bytes);
}

/** The terminal, which does not show what is typed from now on, until it is disposed. */
class SilentTerminal implements Disposable {
  readonly #signals = atSignals((exitCode) => {
    Deno.stdin.setRaw(false);
    Deno.exit(exitCode);
  });

  constructor() {
    Deno.stdin.setRaw(true);
  }

  /** Resolves with the bytes of the typed line. Throws Interrupted if the user gives up. */
  async ask(question: string): Promise<Uint8Array> {
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

/** One at a time: anything after the line belongs to the next question. */
async function* typedBytes(): AsyncGenerator<number> {
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) !== null) yield byte[0]!;
}

async function writeError(text: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(text));
}
