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
export function settingsOf(config: object): SettingsSection[] {
  return Object.entries(config).map(([section, values]) => ({
    name: snakeCase(section),
    settings: Object.entries(values as object).map(([key, value]) => ({ key: snakeCase(key), value: String(value) })),
  }));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
