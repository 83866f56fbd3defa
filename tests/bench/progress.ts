const encoder = new TextEncoder();

/** Prints the progress of the benchmark to standard error. */
export function progress(text: string): void {
  Deno.stderr.writeSync(encoder.encode(`${text}\n`));
}
