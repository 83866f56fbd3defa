import { join } from "node:path";
import type { Key } from "./key.ts";
import type { Kind, Value, Values } from "./kinds.ts";
import { SECTIONS } from "./sections.ts";

/** `slow_client_bytes` as `slowClientBytes`. */
export type CamelCase<Name extends string> = Name extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<CamelCase<Rest>>}`
  : Name;

/**
 * A gateway's settings, from its config.toml and command line: the keys of sections.ts in camel case, as in
 * `limits.slowClientBytes`. Addresses are `ip:port` or `[ipv6]:port`, times are in ms.
 */
export type Config = {
  [Section in keyof typeof SECTIONS as CamelCase<Section>]: {
    [Name in keyof typeof SECTIONS[Section] & string as CamelCase<Name>]: typeof SECTIONS[Section][Name] extends
      { kind: Kind<infer T> } ? T : never;
  };
};

/** The options that override keys. */
export type OverridingOption = {
  [Section in keyof typeof SECTIONS]: OptionOf<typeof SECTIONS[Section][keyof typeof SECTIONS[Section]]>;
}[keyof typeof SECTIONS];

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

/** All keys, in the order of the file. */
export const KEYS: readonly NamedKey[] = Object.entries(SECTIONS).flatMap(([section, keys]) =>
  Object.entries<Key<Value, OverridingOption>>(keys).map(([name, key]) => ({
    ...key,
    section,
    name,
    sectionProperty: inCamelCase(section),
    property: inCamelCase(name),
  }))
);

function inCamelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Builds a configuration. `valueFor` gets each key and the values already set in its section. */
export function configWith(valueFor: (key: NamedKey, section: Values) => Value): Config {
  const config: Record<string, Record<string, Value>> = {};
  for (const key of KEYS) {
    const section = config[key.sectionProperty] ??= {};
    section[key.property] = valueFor(key, section);
  }
  return config as Config;
}

/** The value of a key in a configuration. */
export function valueOf(config: Config, { sectionProperty, property }: NamedKey): Value {
  const sections: Readonly<Record<string, Values>> = config;
  return sections[sectionProperty]![property]!;
}

/** The default configuration of gateway `id`, whose files are in `<rootDirectory>/<id>`. */
export function defaultConfig(id: string, rootDirectory: string): Config {
  const home = { id, rootDirectory };
  return configWith(({ default: value }) => typeof value === "function" ? value(home) : value);
}

/** The path of gateway `id`'s configuration file. */
export function configPath(id: string, rootDirectory: string): string {
  return join(rootDirectory, id, "config", "config.toml");
}
