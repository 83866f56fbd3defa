import { join } from "node:path";
import type { Key } from "./key.ts";
import type { Kind, Value, Values } from "./kinds.ts";
import { DIRECTORY_SECTION_COMMENTS, DIRECTORY_SECTIONS } from "./directory_sections.ts";
import { GATEWAY_SECTION_COMMENTS, GATEWAY_SECTIONS } from "./gateway_sections.ts";
import { MIXNODE_SECTION_COMMENTS, MIXNODE_SECTIONS } from "./mixnode_sections.ts";

/** `slow_client_bytes` as `slowClientBytes`. */
export type CamelCase<Name extends string> = Name extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** The values of a table's keys, by their names in camel case. */
export type ConfigOf<Sections> = {
  [Section in keyof Sections & string as CamelCase<Section>]: {
    [Name in keyof Sections[Section] & string as CamelCase<Name>]: Sections[Section][Name] extends
      { kind: Kind<infer T> } ? T : never;
  };
};

/**
 * A gateway's settings, from its config.toml and command line: the keys of gateway_sections.ts in camel case, as in
 * `limits.slowClientBytes`. Addresses are `ip:port` or `[ipv6]:port`, times are in ms.
 */
export type Config = ConfigOf<typeof GATEWAY_SECTIONS>;

/** A mixnode's settings: the keys of mixnode_sections.ts. */
export type MixnodeConfig = ConfigOf<typeof MIXNODE_SECTIONS>;

/** A directory's settings: the keys of directory_sections.ts. */
export type DirectoryConfig = ConfigOf<typeof DIRECTORY_SECTIONS>;

/** The settings of any kind of node of the mixnet. */
export type NodeConfig = Config | MixnodeConfig;

/** The settings of whatever this program can be. */
export type AnyConfig = NodeConfig | DirectoryConfig;

/** The options that override keys. */
export type OverridingOption =
  | OptionsOf<typeof GATEWAY_SECTIONS>
  | OptionsOf<typeof MIXNODE_SECTIONS>
  | OptionsOf<typeof DIRECTORY_SECTIONS>;

/** The options of all keys in these sections. */
export type OptionsOf<Sections> = {
  [Section in keyof Sections]: OptionOf<Sections[Section][keyof Sections[Section]]>;
}[keyof Sections];

/** The option of a key; never if it has none. */
export type OptionOf<K> = K extends Key<Value, infer Option> ? Option : never;

/** A key with its names. */
export interface NamedKey extends Key<Value, OverridingOption> {
  /** in the file, as in `clients_endpoint` */
  readonly section: string;
  /** in the file, as in `tls_key` */
  readonly name: string;
  /** in a Config, as in `clientsEndpoint` */
  readonly sectionProperty: string;
  /** in its section of a Config, as in `tlsKey` */
  readonly property: string;
}

/** The definition of a kind of config.toml. `C` is the type of its values. */
export interface Table<C> {
  /** in the order of the file */
  readonly keys: readonly NamedKey[];
  /** comments on whole sections */
  readonly comments: Readonly<Record<string, string | undefined>>;
  /** the kind of program that reads it */
  readonly program: "gateway" | "mixnode" | "directory";
  /** the sections in which unknown keys are ignored with a warning; elsewhere they are errors */
  readonly lenient: readonly string[];
  /** never set: it ties `C` to the table */
  readonly config?: C;
}

type Sections = Readonly<Record<string, Readonly<Record<string, Key<Value, OverridingOption>>>>>;

function keysOf(sections: Sections): NamedKey[] {
  return Object.entries(sections).flatMap(([section, keys]) =>
    Object.entries(keys).map(([name, key]) => ({
      ...key,
      section,
      name,
      sectionProperty: inCamelCase(section),
      property: inCamelCase(name),
    }))
  );
}

/** The definition of a gateway's config.toml. */
export const GATEWAY: Table<Config> = {
  keys: keysOf(GATEWAY_SECTIONS as Sections),
  comments: GATEWAY_SECTION_COMMENTS,
  program: "gateway",
  lenient: [],
};

/** The definition of a mixnode's config.toml. */
export const MIXNODE: Table<MixnodeConfig> = {
  keys: keysOf(MIXNODE_SECTIONS as Sections),
  comments: MIXNODE_SECTION_COMMENTS,
  program: "mixnode",
  lenient: ["debug"], // 0.7.0's file may contain unknown keys there
};

/** The definition of a directory's config.toml. */
export const DIRECTORY: Table<DirectoryConfig> = {
  keys: keysOf(DIRECTORY_SECTIONS as Sections),
  comments: DIRECTORY_SECTION_COMMENTS,
  program: "directory",
  lenient: [],
};

/** The definition that a configuration has the values of. */
export function tableOf<C extends AnyConfig>(config: C): Table<C> {
  return ("gateway" in config ? GATEWAY : "mixnode" in config ? MIXNODE : DIRECTORY) as Table<C>;
}

function inCamelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Builds a configuration. `valueFor` gets each key and the values already set in its section. */
export function tableWith<C>(table: Table<C>, valueFor: (key: NamedKey, section: Values) => Value): C {
  const config: Record<string, Record<string, Value>> = {};
  for (const key of table.keys) {
    const section = config[key.sectionProperty] ??= {};
    section[key.property] = valueFor(key, section);
  }
  return config as C;
}

/** The value of a key in a configuration. */
export function valueOf(config: AnyConfig, { sectionProperty, property }: NamedKey): Value {
  const sections: Readonly<Record<string, Values>> = config;
  return sections[sectionProperty]![property]!;
}

/** The default configuration of node `id`, whose files are in `<rootDirectory>/<id>`. */
export function defaultsOf<C>(table: Table<C>, id: string, rootDirectory: string): C {
  const home = { id, rootDirectory };
  return tableWith(table, ({ default: value }) => typeof value === "function" ? value(home) : value);
}

/** The default configuration of gateway `id`. */
export function defaultConfig(id: string, rootDirectory: string): Config {
  return defaultsOf(GATEWAY, id, rootDirectory);
}

/** The section about the node itself: its name, its folder, its keys, and what it announces. */
export function nodeOf(config: NodeConfig): Config["gateway"] | MixnodeConfig["mixnode"] {
  return "gateway" in config ? config.gateway : config.mixnode;
}

/** The section with the name and the folder. */
export function homeOf(config: AnyConfig): { id: string; nymRootDirectory: string } {
  return "directory" in config ? config.directory : nodeOf(config);
}

/** The path of node `id`'s configuration file. */
export function configPath(id: string, rootDirectory: string): string {
  return join(rootDirectory, id, "config", "config.toml");
}
