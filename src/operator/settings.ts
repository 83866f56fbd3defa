import { type AnyConfig, tableOf, valueOf } from "../config/config.ts";

/** A section of the configuration, with the names of config.toml. */
export interface SettingsSection {
  /** as in `mixnet_endpoint` */
  readonly name: string;
  /** in the order of config.toml; values as text */
  readonly settings: readonly { readonly key: string; readonly value: string }[];
}

/**
 * The configuration for people to read: sections and keys as they are named in config.toml. It contains no secrets, only
 * the paths of the files that do.
 */
export function settingsOf(config: AnyConfig): SettingsSection[] {
  const sections = Map.groupBy(tableOf(config).keys, ({ section }) => section);
  return [...sections].map(([name, keys]) => ({
    name,
    settings: keys.map((key) => ({ key: key.name, value: String(valueOf(config, key)) })),
  }));
}
