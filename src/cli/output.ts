// deno-lint-ignore-file no-console -- this is where a command's own lines leave the program
/** Prints a line on standard output: a command's result, other than its log. */
export function print(line: string): void {
  console.log(line);
}

/** The same for what is printed again and again: false when nobody reads it any more, as after `| head`. */
export function printOn(line: string): boolean {
  const bytes = new TextEncoder().encode(`${line}\n`);
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
  console.error(line);
}
