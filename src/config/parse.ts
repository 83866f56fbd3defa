import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { type Config, configWith, defaultConfig, KEYS, type NamedKey, valueOf } from "./config.ts";
import { Mistake, type Value, type Values } from "./kinds.ts";
import { suggestion } from "./nearest.ts";
import { brokenRule } from "./rules.ts";
import { SECTIONS } from "./sections.ts";
import { parseToml, type TomlTable } from "./toml.ts";

type Refuse = (reason: string) => OperatorError;
type Tables = Readonly<Record<string, TomlTable>>;

/** The keys that other keys' defaults depend on. The file must set them. */
const HOME_KEYS = ["id", "nym_root_directory"].map((wanted) => KEYS.find(({ name }) => name === wanted)!);

/**
 * Parses a config.toml of this program or of 0.7.0. `path` names the file in the OperatorError that is thrown if a key
 * is unknown or missing, or a value is invalid.
 */
export function parseConfig(text: string, path: string): Config {
  const refuse = (reason: string) => new OperatorError(`Cannot read ${path}: ${reason}`, ExitCode.CONFIGURATION);
  const tables = readSections(text, refuse);
  refuseUnknownKeys(tables, refuse);
  const read = (key: NamedKey, section: Values, fallback?: Value): Value => {
    const given = tables[key.section]?.[key.name] ?? fallback;
    const value = given === undefined ? new Mistake("is missing") : key.kind.read(given, section);
    if (value instanceof Mistake) throw refuse(`"${key.name}" in [${key.section}] ${value.reason}`);
    return value;
  };
  const [id, rootDirectory] = HOME_KEYS.map((key) => String(read(key, {})));
  const defaults = defaultConfig(id!, rootDirectory!);
  const config = configWith((key, section) => read(key, section, valueOf(defaults, key)));
  const broken = brokenRule(config);
  if (broken !== undefined) throw refuse(broken);
  return config;
}

/** The file's sections by name. All are known, and all are tables. */
function readSections(text: string, refuse: Refuse): Tables {
  const sections: Record<string, TomlTable> = {};
  for (const [name, value] of Object.entries(parseOrRefuse(text, refuse))) {
    const known = Object.hasOwn(SECTIONS, name);
    if (isTable(value) && known) sections[name] = value;
    else if (isTable(value)) throw refuse(`unknown section [${name}]${suggestion(name, Object.keys(SECTIONS))}`);
    else throw refuse(`"${name}" is neither a section nor a key in a section; the sections are ${SECTION_NAMES}`);
  }
  return sections;
}

const SECTION_NAMES = Object.keys(SECTIONS).map((name) => `[${name}]`).join(", ");

function refuseUnknownKeys(tables: Tables, refuse: Refuse): void {
  for (const [section, table] of Object.entries(tables)) {
    const names = KEYS.filter((key) => key.section === section).map(({ name }) => name);
    const unknown = Object.keys(table).find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    const home = KEYS.find(({ name }) => name === unknown)?.section;
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
