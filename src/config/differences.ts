import { type Config, KEYS, type MixnodeConfig, type NamedKey, valueOf } from "./config.ts";
import { tomlValue } from "./toml.ts";

/** The keys whose values differ between two configurations, in the order of the file. */
export function differences<C extends Config | MixnodeConfig>(config: C, other: C, keys = KEYS): NamedKey[] {
  return keys.filter((key) => tomlValue(valueOf(config, key)) !== tomlValue(valueOf(other, key)));
}
