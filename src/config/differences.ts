import { type Config, KEYS, type NamedKey, valueOf } from "./config.ts";
import { tomlValue } from "./toml.ts";

/** The keys whose values differ between two configurations, in the order of the file. */
export function differences(config: Config, other: Config): NamedKey[] {
  return KEYS.filter((key) => tomlValue(valueOf(config, key)) !== tomlValue(valueOf(other, key)));
}
