import { join } from "node:path";
import type { Key } from "./key.ts";
import type { Kind, Value, Values } from "./kinds.ts";
import { SECTIONS } from "./sections.ts";

type CamelCase<Name extends string> = Name extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<CamelCase<Rest>>}`
  : Name;

/**
 * What a gateway is told by its config.toml and its command line: the keys of sections.ts in camel case, as in
 * `limits.slowClientBytes`. Addresses are `ip:port`, `[ipv6]:port`; times in ms.
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

type OptionOf<K> = K extends Key<Value, infer Option> ? Option : never;

/** A key and its names: in the file, as `clients_endpoint` and `tls_key`, and in a Config, as `clientsEndpoint` and `tlsKey`. */
export interface NamedKey extends Key<Value, OverridingOption> {
  readonly section: string;
  readonly name: string;
  readonly sectionProperty: string;
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

/** The configuration with these values. `valueFor` is given what the key's section has so far. */
export function configWith(valueFor: (key: NamedKey, section: Values) => Value): Config {
  const config: Record<string, Record<string, Value>> = {};
  for (const key of KEYS) {
    const section = config[key.sectionProperty] ??= {};
    section[key.property] = valueFor(key, section);
  }
  return config as Config;
}

export function valueOf(config: Config, { sectionProperty, property }: NamedKey): Value {
  const sections: Readonly<Record<string, Values>> = config;
  return sections[sectionProperty]![property]!;
}

/** The configuration of gateway `id` whose files are in `<rootDirectory>/<id>`, when nothing else is asked for. */
export function defaultConfig(id: string, rootDirectory: string): Config {
  const home = { id, rootDirectory };
  return configWith(({ default: value }) => typeof value === "function" ? value(home) : value);
}

/** Where the configuration file of gateway `id` is. */
export function configPath(id: string, rootDirectory: string): string {
  return join(rootDirectory, id, "config", "config.toml");
}
