import { onOneLine } from "../text/one_line.ts";
import type { Level } from "./level.ts";

/** How lines are written: as 0.7.0 writes them, or one JSON object per line. */
export type LogFormat = "text" | "json";

let widestTarget = 0;

const COLOURS: Readonly<Record<Level, number>> = { error: 31, warn: 33, info: 32, debug: 34, trace: 35 };

/**
 * One line in the form that 0.7.0 gateways write, without its line break. Targets are padded to the widest one seen so
 * far, so that the texts line up. `coloured`: the level is coloured, for terminals.
 */
export function textLine(time: Date, level: Level, target: string, text: string, coloured = false): string {
  return ` ${time.toISOString().slice(0, -1)} ${untimedLine(level, target, text, coloured)}`;
}

/** The same without the time, for a journal that adds it. */
export function untimedLine(level: Level, target: string, text: string, coloured = false): string {
  widestTarget = Math.max(widestTarget, target.length);
  const name = level.toUpperCase().padEnd(5);
  const shown = coloured ? `\x1b[${COLOURS[level]}m${name}\x1b[0m` : name;
  return `${shown} ${target.padEnd(widestTarget)} > ${onOneLine(text)}`;
}

/** One line as a JSON object, without its line break, for programs that collect logs. */
export function jsonLine(time: Date, level: Level, target: string, text: string): string {
  return onOneLine(JSON.stringify({ time: time.toISOString(), level, target, message: text }));
}
