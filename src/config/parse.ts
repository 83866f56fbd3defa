import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { logger } from "../logging/log.ts";
import {
  type AnyConfig,
  type Config,
  defaultsOf,
  GATEWAY,
  type NamedKey,
  type Table,
  tableWith,
  valueOf,
} from "./config.ts";
import { Mistake, type Value, type Values } from "./kinds.ts";
import { suggestion } from "./nearest.ts";
import { brokenRule } from "./rules.ts";
import { parseToml, type TomlTable } from "./toml.ts";

type Refuse = (reason: string) => OperatorError;
type Tables = Readonly<Record<string, TomlTable>>;

/** The keys that other keys' defaults depend on. The file must set them. */
const HOME_KEYS = ["id", "nym_root_directory"];

const log = logger("nym_gateway");

/**
 * Parses a gateway's config.toml, of this program or of 0.7.0. `path` names the file in the OperatorError that is thrown
 * if a key is unknown or missing, or a value is invalid.
 */
export function parseConfig(text: string, path: string): Config {
  return parseTable(GATEWAY, text, path);
}

/** Parses the config.toml of any table. */
export function parseTable<C extends AnyConfig>(table: Table<C>, text: string, path: string): C {
  const refuse = (reason: string) => new OperatorError(`Cannot read ${path}: ${reason}`, ExitCode.CONFIGURATION);
  const tables = readSections(table, text, refuse);
  refuseUnknownKeys(table, tables, path, refuse);
  const read = (key: NamedKey, section: Values, fallback?: Value): Value => {
    const given = tables[key.section]?.[key.name] ?? fallback;
    const value = given === undefined ? new Mistake("is missing") : key.kind.read(given, section);
    if (value instanceof Mistake) throw refuse(`"${key.name}" in [${key.section}] ${value.reason}`);
    return value;
  };
  const [id, rootDirectory] = HOME_KEYS.map((wanted) =>
    String(read(table.keys.find(({ name }) => name === wanted)!, {}))
  );
  const defaults = defaultsOf(table, id!, rootDirectory!);
  const config = tableWith(table, (key, section) => read(key, section, valueOf(defaults, key)));
  const broken = brokenRule(table, config);
  if (broken !== undefined) throw refuse(broken);
  return config;
}

/** The file's sections by name. All are known, and all are tables. */
function readSections<C>({ keys }: Table<C>, text: string, refuse: Refuse): Tables {
  const names = [...new Set(keys.map(({ section }) => section))];
  const sections: Record<string, TomlTable> = {};
  for (const [name, value] of Object.entries(parseOrRefuse(text, refuse))) {
    const known = names.includes(name);
    if (isTable(value) && known) sections[name] = value;
    else if (isTable(value)) throw refuse(`unknown section [${name}]${suggestion(name, names)}`);
    else {
      const all = names.map((name) => `[${name}]`).join(", ");
      throw refuse(`"${name}" is neither a section nor a key in a section; the sections are ${all}`);
    }
  }
  return sections;
}

function refuseUnknownKeys<C>({ keys, lenient }: Table<C>, tables: Tables, path: string, refuse: Refuse): void {
  for (const [section, table] of Object.entries(tables)) {
    const names = keys.filter((key) => key.section === section).map(({ name }) => name);
    const unknowns = Object.keys(table).filter((name) => !names.includes(name));
    if (lenient.includes(section)) {
      for (const name of unknowns) log.warn(`${path}: unknown key ${JSON.stringify(name)} in [${section}] is ignored`);
      continue;
    }
    const [unknown] = unknowns;
    if (unknown === undefined) continue;
    const home = keys.find(({ name }) => name === unknown)?.section;
    const hint = home === undefined ? suggestion(unknown, names) : `; it belongs to [${home}]`;
    throw refuse(`unknown key "${unknown}" in [${section}]${hint}`);
  }
}

function parseOrRefuse(text: string, refuse: Refuse): TomlTable {
  try {
    return parseToml(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse(error.message);
    throw error;
  }
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
