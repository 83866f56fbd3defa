import { parse, stringify, TomlError, type TomlTable } from "smol-toml";
import type { Value } from "./kinds.ts";

/** Parses a TOML document. Throws a SyntaxError that says in one line where the trouble is, and what it is. */
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

/** What the parser says, without its excerpt of the document, and where an operator would not understand it, more. */
function inPlainWords({ message }: TomlError): string {
  const [reason = ""] = message.replace("Invalid TOML document: ", "").split("\n");
  if (reason.includes("redefine")) return "this key or section is there already, further up";
  if (!reason.includes("escape")) return reason;
  return `${reason}: between " and " a backslash is written \\\\; between ' and ', \\`;
}
