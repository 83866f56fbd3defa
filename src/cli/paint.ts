import { onOneLine } from "../text/one_line.ts";

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

/** Stands for the beginning of an escape sequence until a line is printed; random, so that nothing quoted can hold it. */
const SEQUENCE = crypto.randomUUID();

/** Clears the terminal, and goes to its upper left. */
export const CLEAR_SCREEN = `${SEQUENCE}H${SEQUENCE}2J`;

const painted = !Deno.noColor && Deno.stdout.isTerminal();

/** `text` in a colour, on a terminal whose user has not asked for none (https://no-color.org). */
export function paint(colour: keyof typeof CODES, text: string): string {
  return painted ? `${SEQUENCE}${CODES[colour]}m${text}${SEQUENCE}0m` : text;
}

/** A line as it is printed: painted where it is to be, and with all else escaped that is not plain text. */
export function printable(line: string): string {
  return line.split(SEQUENCE).map(onOneLine).join("\x1b[");
}
