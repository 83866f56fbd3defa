const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

const painted = !Deno.noColor && Deno.stdout.isTerminal();

/** `text` in a colour, on a terminal whose user has not asked for none (https://no-color.org). */
export function paint(colour: keyof typeof CODES, text: string): string {
  return painted ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
