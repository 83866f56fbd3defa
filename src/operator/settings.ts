/** A section of the configuration as config.toml has it. */
export interface SettingsSection {
  readonly name: string;
  readonly settings: readonly { readonly key: string; readonly value: string }[];
}

/**
 * The configuration in force, for people to read: sections and keys by their names in config.toml. It holds no secrets:
 * those are in files of their own, of which the configuration has the paths.
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
