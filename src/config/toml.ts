import { parse, stringify, TomlError } from "smol-toml";
import type { Value } from "./kinds.ts";

/** The values of a TOML document or of one of its tables, by key. */
export type TomlTable = Readonly<Record<string, unknown>>;

/** Parses a TOML document. Throws a SyntaxError with the position and the reason in one line. */
export function parseToml(text: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new SyntaxError(`line ${error.line}, column ${error.column}: ${inPlainWords(error)}`, { cause: error });
  }
}

/** A value as TOML writes it: `"text"`, `5`, `[ "a", "b" ]`. */
export function tomlValue(value: Value): string {
  return stringify({ value }).slice("value = ".length).trimEnd();
}

/** The parser's message without its excerpt of the document, and clearer where an operator would not understand it. */
function inPlainWords({ message }: TomlError): string {
  const [reason = ""] = message.replace("Invalid TOML document: ", "").split("\n");
  if (reason.includes("redefine")) return "this key or section is already defined above";
  if (!reason.includes("escape")) return reason;
  return `${reason}: in double quotes, write \\\\ for a backslash; in single quotes, \\`;
}
