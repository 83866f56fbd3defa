import type { Terminal } from "./terminal.ts";

const BAR_WIDTH = 30;
/** Width of a heading, including the rule after its text. */
const HEADING_WIDTH = 70;

/** Prints the title of a story, and what it is about. */
export function title(terminal: Terminal, name: string, subject: string): void {
  terminal.line();
  terminal.line(`  ${terminal.paint(name, "bold")}`);
  terminal.line(terminal.paint(`  ${subject}`, "dim"));
}

/** Prints the heading of an act. */
export function act(terminal: Terminal, number: number, name: string): void {
  terminal.line();
  const rule = "─".repeat(Math.max(0, HEADING_WIDTH - name.length));
  terminal.line(
    `  ${terminal.paint(`${number}`, "cyan", "bold")}  ${terminal.paint(name, "bold")} ${terminal.paint(rule, "dim")}`,
  );
  terminal.line();
}

/** Prints a line about a completed step. */
export function done(terminal: Terminal, what: string, how: string): void {
  terminal.line(`    ${terminal.paint("✓", "green")} ${what.padEnd(14)} ${terminal.paint(how, "dim")}`);
}

/** Alice ─●─▶ gateway ─▶ …: the route of each packet, with packets on it while `moving`. */
export function route(terminal: Terminal, frame: number, moving: boolean): string {
  const link = (offset: number) => {
    const dots = [..."────"].map((dash, i) => moving && (i + 4 * offset - frame) % 3 === 0 ? "●" : dash).join("");
    return terminal.paint(` ${dots}▶ `, moving ? "yellow" : "dim");
  };
  return ["Alice", "gateway", "mix 1", "mix 2", "mix 3", "gateway"].map((stop, i) => {
    return i === 0 ? terminal.paint(stop, "magenta", "bold") : link(i) + terminal.paint(stop, "cyan");
  }).join("");
}

/** A labelled progress bar at `n` of `of`, followed by a note. */
export function progress(terminal: Terminal, label: string, n: number, of: number, note: string): string {
  const bar = terminal.bar(n / of, BAR_WIDTH, n >= of ? "green" : "yellow");
  return `    ${label.padEnd(13)} ${bar} ${`${n}/${of}`.padStart(7)}  ${terminal.paint(note, "dim")}`;
}

/** As in `1,234 kB`. */
export function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000).toLocaleString("en")} kB`;
}

/** An address with both keys abbreviated. */
export function shorten(address: string): string {
  return address.split("@").map((key) => `${key.slice(0, 8)}…${key.slice(-4)}`).join("@");
}
