// deno-lint-ignore-file no-console -- this is where a command's own lines leave the program
import { printable } from "./paint.ts";

/** Prints a line on standard output: a command's result, other than its log. It may quote what a stranger has written. */
export function print(line: string): void {
  console.log(printable(line));
}

/** The same for a text of many lines. What it quotes must not be able to hold the end of a line, as in JSON. */
export function printText(text: string): void {
  console.log(printableText(text));
}

/** The same for a text that is printed again and again: false when nobody reads it any more, as after `| head`. */
export function printOn(text: string): boolean {
  const bytes = new TextEncoder().encode(`${printableText(text)}\n`);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

/** Prints a line on standard error: why a command was not carried out. */
export function printError(line: string): void {
  console.error(printable(line));
}

function printableText(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
