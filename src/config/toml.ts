import { parse } from "@std/toml";

/** What `@std/toml` gives for a table; it ships no types, so this is where it gets one. */
export type TomlTable = Readonly<Record<string, unknown>>;

/** Parses a TOML document. Throws a SyntaxError that says where the trouble is. */
export function parseToml(text: string): TomlTable {
  const document = text.replace(/^\ufeff/, ""); // some editors begin a file with a byte order mark
  const repeated = repeatedName(document);
  if (repeated !== undefined) throw new SyntaxError(`${repeated} is there twice`);
  try {
    return parse(document);
  } catch (error) {
    if (error instanceof SyntaxError) throw new SyntaxError(inPlainWords(error.message), { cause: error });
    throw error;
  }
}

/** `text` as a TOML basic string, quotes included. */
export function tomlString(text: string): string {
  return `"${text.replace(/["\\\p{Cc}]/gu, escaped)}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What the parser says, where an operator would not understand it. */
function inPlainWords(message: string): string {
  if (message.includes("key length is not a positive number")) return "a section is there twice, or has no name";
  return message
    .replace(/^(Parse error on line \d+, column \d+: )\1/, "$1")
    .replace(
      /Invalid (code point NaN|escape sequence.*)/,
      "$&: between \" and \" a backslash is written \\\\; between ' and ', \\",
    );
}

/**
 * The first section or key that a document of plain `key = value` lines has twice. TOML forbids it; the parser takes the
 * last such key, which would let an old line overrule an edited one.
 */
function repeatedName(text: string): string | undefined {
  if (/"""|'''/.test(text)) return undefined; // what looks like a key may be part of a string
  const seen = new Set<string>();
  let section = "";
  for (const line of text.split("\n")) {
    const header = /^\s*\[\s*([^[\]]+?)\s*\]/.exec(line)?.[1];
    const key = /^\s*(["']?)([\w-]+)\1\s*=/.exec(line)?.[2];
    if (header !== undefined) section = `[${header}]`;
    const name = key === undefined ? header && section : `"${key}" in ${section || "the top of the file"}`;
    if (name === undefined) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
