import { type AnyConfig, tableOf, valueOf } from "./config.ts";
import { differences } from "./differences.ts";
import { parseTable } from "./parse.ts";
import { renderTable } from "./render.ts";
import { tomlValue } from "./toml.ts";

/** A line with `key = "text"` and, optionally, a comment. */
const TEXT_LINE = /^(?<before>\s*(?<key>\w+)\s*=\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*')(?<after>\s*(?:#.*)?)$/s;
const SECTION_LINE = /^\s*\[\s*(\w+)\s*\]/;

/**
 * Changes the text of a config.toml, which parses to `config`, so that it parses to `wanted`. Only quoted texts are
 * replaced, to keep the operator's order and comments. If that is not enough, the result is rendered from scratch.
 */
export function rewriteConfig<C extends AnyConfig>(text: string, config: C, wanted: C): string {
  const table = tableOf(config);
  const values = new Map(
    differences(config, wanted).map((key) => [`${key.section}.${key.name}`, valueOf(wanted, key)]),
  );
  let section = "";
  const lines = text.split("\n").map((line) => {
    section = SECTION_LINE.exec(line)?.[1] ?? section;
    const { before, key, after } = TEXT_LINE.exec(line)?.groups ?? {};
    const value = values.get(`${section}.${key}`);
    return typeof value === "string" ? `${before}${tomlValue(value)}${after}` : line;
  });
  const rewritten = lines.join("\n");
  return differences(parseTable(table, rewritten, "the configuration"), wanted).length === 0
    ? rewritten
    : renderTable(table, wanted);
}
