import { ExitCode, OperatorError, reasonOf } from "../../errors/operator_error.ts";
import { logger, settleLog, writeLastWord } from "../../logging/log.ts";
import { Outlet, writeInBackground } from "../../logging/outlet.ts";
import { printable } from "./paint.ts";

const log = logger("nym_gateway");

/** the first error of standard output */
let failure: unknown;
/** called once, with that error */
let onFailure = (_error: unknown): void => {};

const standardOutput = new Outlet(Deno.stdout, {
  lose: (_lines, error) => {
    if (failure !== undefined) return;
    failure = error;
    onFailure(error);
  },
});

/**
 * Prints a line of a command's result on standard output. It may quote text from strangers: control characters are
 * escaped.
 */
export function print(line: string): void {
  standardOutput.write(printable(line));
}

/** The same for a text of many lines. Quoted text must not contain line breaks; in JSON, it can't. */
export function printText(text: string): void {
  standardOutput.write(printableText(text));
}

/** The same for a text that is printed repeatedly: false once nobody reads it any more, as with `| head`. */
export function printOn(text: string): boolean {
  printText(text);
  return failure === undefined;
}

/** Prints a line on standard error: why a command failed. */
export function printError(line: string): void {
  writeLastWord(printable(line));
}

/**
 * Prints and logs as a server should: output that blocks does not hold up anything else, and output that fails does not
 * end the program.
 */
export function serveOutput(): void {
  writeInBackground();
  onFailure = (error) => log.warn(`Cannot write to standard output (${reasonOf(error)}): printed lines are lost`);
}

/** Waits until all printed and logged lines are written, for at most `patience` ms. */
export async function settleOutput(patience: number): Promise<void> {
  await standardOutput.settle(patience);
  await settleLog(patience);
}

/**
 * Reports a command's result that could not be written. It is not a failure if nobody reads it any more.
 * @throws {OperatorError} with the first error of standard output
 */
export function refuseUnprinted(): void {
  if (failure === undefined || failure instanceof Deno.errors.BrokenPipe) return;
  throw new OperatorError(`Cannot write to standard output: ${reasonOf(failure)}`, ExitCode.INPUT_OUTPUT);
}

function printableText(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
