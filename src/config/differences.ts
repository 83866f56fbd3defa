import type { Config } from "./config.ts";

/** A key that two configurations have different values for. */
export interface Difference {
  /** as in a Config, `mixnetEndpoint`, and as in its file, `mixnet_endpoint`; the same for the key */
  readonly section: keyof Config;
  readonly key: string;
  readonly sectionInFile: string;
  readonly keyInFile: string;
  /** in the second one */
  readonly value: string | number | boolean;
}

/** Where `other` is not what `config` is, in the order of the file. */
export function differences(config: Config, other: Config): Difference[] {
  return (Object.keys(config) as (keyof Config)[]).flatMap((section) => {
    const values: Readonly<Record<string, Difference["value"]>> = other[section];
    return Object.entries(config[section]).flatMap(([key, value]) =>
      values[key] === value ? [] : [{
        section,
        key,
        sectionInFile: inSnakeCase(section),
        keyInFile: inSnakeCase(key),
        value: values[key]!,
      }]
    );
  });
}

function inSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
