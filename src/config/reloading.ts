import { type AnyConfig, type NamedKey, valueOf } from "./config.ts";
import { differences } from "./differences.ts";

/** The keys that a reload found changed, as in `[mixnet_endpoint] forward_to`. */
export interface Changes {
  /** applied to the running gateway */
  readonly taken: readonly string[];
  /** not applied: they need a restart */
  readonly left: readonly string[];
}

/** Applies the changes in `file` that need no restart to `running`, in place. */
export function takeOver<C extends AnyConfig>(running: C, file: C): Changes {
  const changed = differences(running, file);
  const taken = changed.filter((key) => canBeTaken(key, running, file));
  for (const key of taken) {
    Object.assign(running[key.sectionProperty as keyof C] as object, { [key.property]: valueOf(file, key) });
  }
  const named = (keys: NamedKey[]) => keys.map(({ section, name }) => `[${section}] ${name}`);
  return { taken: named(taken), left: named(changed.filter((key) => !taken.includes(key))) };
}

function canBeTaken(key: NamedKey, running: AnyConfig, file: AnyConfig): boolean {
  if (key.reloadable !== "while set") return key.reloadable === "always";
  return valueOf(running, key) !== "" && valueOf(file, key) !== "";
}
