import { basename, isAbsolute, join, relative } from "node:path";
import { type Config, configWith, defaultConfig, KEYS, type NamedKey, valueOf } from "./config.ts";
import { path } from "./kinds.ts";

/** A path in a configuration. */
export interface ConfiguredPath {
  /** as in `ledger_path in [clients_endpoint]` */
  readonly key: string;
  readonly path: string;
}

/**
 * `config` as that of gateway `id` whose files are all in `<rootDirectory>/<id>`, where `init` puts them; and those paths
 * that were outside of the folder that the gateway had. Certificates stay where they are, and so does a log file outside
 * of that folder: they belong to the machine.
 */
export function relocate(
  config: Config,
  id: string,
  rootDirectory: string,
): { config: Config; outside: ConfiguredPath[] } {
  const there = defaultConfig(id, rootDirectory);
  const relocated = configWith((key) => valueOf(isOfHome(key) ? there : config, key));
  const before = join(config.gateway.nymRootDirectory, config.gateway.id);
  const { file } = config.logging;
  if (isWithin(before, file)) relocated.logging.file = join(rootDirectory, id, basename(file));
  return { config: relocated, outside: pathsOf(config).filter(({ path }) => !isWithin(before, path)) };
}

/** The paths of what belongs to a gateway alone. */
export function pathsOf(config: Config): ConfiguredPath[] {
  return KEYS.filter((key) => isOfHome(key) && key.kind === path)
    .map((key) => ({ key: `${key.name} in [${key.section}]`, path: String(valueOf(config, key)) }));
}

/** Whether a value belongs to the gateway's own folder: its default is made from that. */
function isOfHome(key: NamedKey): boolean {
  return typeof key.default === "function";
}

function isWithin(folder: string, path: string): boolean {
  if (!isAbsolute(path)) return false;
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
