import { fstatSync } from "node:fs";
import type { Level } from "./level.ts";

const STANDARD_ERROR = 2;

/** syslog priorities, which systemd's journal reads at the beginning of a line (sd-daemon(3)) */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

/** Whether standard error goes straight to systemd's journal, which adds the time and wants each line's priority. */
export const isJournal: boolean = Deno.build.os === "linux" && namesStandardError(journalStream());

/** A line with its syslog priority in front, as in `<4>text`. */
export function withPriority(level: Level, line: string): string {
  return `<${PRIORITIES[level]}>${line}`;
}

/**
 * JOURNAL_STREAM, if this program may read it. It holds a device and an inode, as in "9:12345", to compare with
 * standard error: children inherit the variable, but may have been given another stream (systemd.exec(5)).
 */
function journalStream(): string | undefined {
  const variable = "JOURNAL_STREAM";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  try {
    return state === "granted" ? Deno.env.get(variable) : undefined;
  } catch {
    return undefined; // it is not UTF-8, so systemd has not set it
  }
}

function namesStandardError(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(STANDARD_ERROR, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // standard error is closed
  }
}
