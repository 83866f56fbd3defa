import { type Level, LEVELS, parseLogLevel } from "./level.ts";

/** Which lines are written: a general level, and levels of their own for named parts of the program. */
export interface LogFilter {
  /** for every part that `targets` does not name */
  readonly level: Level | "off";
  /** parts of the program, by prefix, such as `nym_gateway::mailbox`; the longest matching prefix wins */
  readonly targets: readonly { readonly prefix: string; readonly level: Level | "off" }[];
}

const TARGET = /^\w+(::\w+)*$/;
/** For parts that no directive names, as without a filter. */
const DEFAULT_LEVEL = "info";

/**
 * Parses a filter in the form of RUST_LOG: directives separated by commas, each a level (`debug`), a target with its
 * level (`nym_gateway::mailbox=debug`), or a target alone, which means all of its lines. Undefined if it is not valid.
 */
export function parseLogFilter(text: string): LogFilter | undefined {
  let level: Level | "off" = DEFAULT_LEVEL;
  const targets: { prefix: string; level: Level | "off" }[] = [];
  for (const directive of text.split(",").map((directive) => directive.trim())) {
    const [target = "", named, ...excess] = directive.split("=").map((part) => part.trim());
    const general = named === undefined ? parseLogLevel(target) : undefined;
    const own = named === undefined ? "trace" : parseLogLevel(named);
    if (general !== undefined) level = general;
    else if (excess.length > 0 || own === undefined || !TARGET.test(target) || looksLikeLevel(target, named)) {
      return undefined;
    } else targets.push({ prefix: target, level: own });
  }
  return { level, targets };
}

/** The level of a target, as an index into {@linkcode LEVELS}: lines up to that index are written. */
export function verbosityOf(filter: LogFilter, target: string): number {
  let longest = -1;
  let level = filter.level;
  for (const { prefix, level: own } of filter.targets) {
    const matches = target === prefix || target.startsWith(`${prefix}::`);
    if (matches && prefix.length > longest) [longest, level] = [prefix.length, own];
  }
  return LEVELS.indexOf(level);
}

/** A single word without a level names a part of the program only if it looks like one: `loud` is a mistake. */
function looksLikeLevel(target: string, named: string | undefined): boolean {
  return named === undefined && !target.includes("_") && !target.includes("::");
}
