import { type Config, type NamedKey, valueOf } from "./config.ts";
import { differences } from "./differences.ts";

/** Keys that differ, as they stand in the file: `[mixnet_endpoint] forward_to`. */
export interface Changes {
  /** in force from now on */
  readonly taken: readonly string[];
  /** that need a restart */
  readonly left: readonly string[];
}

/** Changes `running`, in place, to what `file` says wherever that can be done without a restart. */
export function takeOver(running: Config, file: Config): Changes {
  const changed = differences(running, file);
  const taken = changed.filter((key) => canBeTaken(key, running, file));
  for (const key of taken) {
    Object.assign(running[key.sectionProperty as keyof Config], { [key.property]: valueOf(file, key) });
  }
  const named = (keys: NamedKey[]) => keys.map(({ section, name }) => `[${section}] ${name}`);
  return { taken: named(taken), left: named(changed.filter((key) => !taken.includes(key))) };
}

function canBeTaken(key: NamedKey, running: Config, file: Config): boolean {
  if (key.reloadable !== "while set") return key.reloadable === "always";
  return valueOf(running, key) !== "" && valueOf(file, key) !== "";
}
