import { type AnyConfig, type NamedKey, tableOf, valueOf } from "./config.ts";
import { tomlValue } from "./toml.ts";

/** The keys whose values differ between two configurations, in the order of the file. */
export function differences<C extends AnyConfig>(config: C, other: C): NamedKey[] {
  return tableOf(config).keys.filter((key) => tomlValue(valueOf(config, key)) !== tomlValue(valueOf(other, key)));
}
