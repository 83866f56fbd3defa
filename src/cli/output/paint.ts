import { onOneLine } from "../../text/one_line.ts";

/** What a text can be painted in. */
export type Colour = "red" | "green" | "yellow" | "bold" | "dim";

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const satisfies Record<Colour, number>;

/**
 * Stands for the beginning of an escape sequence until a line is printed; random, so that no quoted text contains it.
 */
const SEQUENCE = crypto.randomUUID();

/** Clears the terminal, and moves to its upper left corner, once it is printed. */
export const CLEAR_SCREEN: string = `${SEQUENCE}H${SEQUENCE}2J`;

const painted = !Deno.noColor && Deno.stdout.isTerminal();

/** `text` in a colour, if standard output is a terminal and NO_COLOR is not set (https://no-color.org). */
export function paint(colour: Colour, text: string): string {
  return painted ? `${SEQUENCE}${CODES[colour]}m${text}${SEQUENCE}0m` : text;
}

/** A line as it is printed: with the colours of {@linkcode paint}, and any other control characters escaped. */
export function printable(line: string): string {
  return line.split(SEQUENCE).map(onOneLine).join("\x1b[");
}
