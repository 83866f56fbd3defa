import { type Level, LEVELS, parseLogLevel } from "./level.ts";

/** Which lines are written: one level for all parts of the program, and others for those that are named. */
export interface LogFilter {
  readonly level: Level | "off";
  /** targets by prefix, as in `nym_gateway::mailbox`; the longest that fits counts */
  readonly targets: readonly { readonly prefix: string; readonly level: Level | "off" }[];
}

const TARGET = /^\w+(::\w+)*$/;
/** Of parts that no directive names, as without a filter. */
const DEFAULT_LEVEL = "info";

/**
 * Reads a filter as RUST_LOG has it: directives between commas, each a level (`debug`), a target with its level
 * (`nym_gateway::mailbox=debug`), or a target alone, which means all of its lines. Undefined when it is none.
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

/** How much is said for a target, as an index of {@linkcode LEVELS}. */
export function verbosityOf(filter: LogFilter, target: string): number {
  let longest = -1;
  let level = filter.level;
  for (const { prefix, level: own } of filter.targets) {
    const fits = target === prefix || target.startsWith(`${prefix}::`);
    if (fits && prefix.length > longest) [longest, level] = [prefix.length, own];
  }
  return LEVELS.indexOf(level);
}

/** A single word without a level is a part of the program only if it is written like one: `loud` is a mistake. */
function looksLikeLevel(target: string, named: string | undefined): boolean {
  return named === undefined && !target.includes("_") && !target.includes("::");
}
