const encoder = new TextEncoder();

/** Says on stderr how far the benchmark is. */
export function progress(text: string): void {
  Deno.stderr.writeSync(encoder.encode(`${text}\n`));
}
