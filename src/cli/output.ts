import { ExitCode, OperatorError, reasonOf } from "../errors/operator_error.ts";
import { logger, settleLog, writeLastWord } from "../logging/log.ts";
import { Outlet, writeInBackground } from "../logging/outlet.ts";
import { printable } from "./paint.ts";

const log = logger("nym_gateway");

/** why standard output failed first */
let failure: unknown;
/** called when it does */
let onFailure = (_error: unknown): void => {};

const standardOutput = new Outlet(Deno.stdout, {
  lose: (_lines, error) => {
    if (failure !== undefined) return;
    failure = error;
    onFailure(error);
  },
});

/** Prints a line on standard output: a command's result, other than its log. It may quote what a stranger has written. */
export function print(line: string): void {
  standardOutput.write(printable(line));
}

/** The same for a text of many lines. What it quotes must not be able to hold the end of a line, as in JSON. */
export function printText(text: string): void {
  standardOutput.write(printableText(text));
}

/** The same for a text that is printed again and again: false when nobody reads it any more, as after `| head`. */
export function printOn(text: string): boolean {
  printText(text);
  return failure === undefined;
}

/** Prints a line on standard error: why a command was not carried out. */
export function printError(line: string): void {
  writeLastWord(printable(line));
}

/**
 * Prints and logs as a server does: nothing that is written can hold up the rest, and what can't be written is no
 * reason to end.
 */
export function serveOutput(): void {
  writeInBackground();
  onFailure = (error) => log.warn(`Cannot write to standard output (${reasonOf(error)}): what is printed is lost`);
}

/** Waits until all is written, for at most `patience` ms. */
export async function settleOutput(patience: number): Promise<void> {
  await standardOutput.settle(patience);
  await settleLog(patience);
}

/**
 * @throws {OperatorError} when a command's result could not be written; that nobody reads it any more is no failure
 */
export function refuseUnprinted(): void {
  if (failure === undefined || failure instanceof Deno.errors.BrokenPipe) return;
  throw new OperatorError(`Cannot write to standard output: ${reasonOf(failure)}`, ExitCode.INPUT_OUTPUT);
}

function printableText(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
