import { type Config, KEYS, type NamedKey, valueOf } from "./config.ts";

/** The keys that two configurations have different values for, in the order of the file. */
export function differences(config: Config, other: Config): NamedKey[] {
  return KEYS.filter((key) => valueOf(config, key) !== valueOf(other, key));
}
