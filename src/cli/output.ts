// deno-lint-ignore-file no-console -- this is where a command's own lines leave the program
/** Prints a line on standard output: a command's result, other than its log. */
export function print(line: string): void {
  console.log(line);
}

/** Prints a line on standard error: why a command was not carried out. */
export function printError(line: string): void {
  console.error(line);
}
