import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { type Config, configWith, defaultConfig, KEYS, type NamedKey, valueOf } from "./config.ts";
import { path, pathOrNone, url } from "./kinds.ts";

/** A path in a configuration, or a URL. */
export interface ConfiguredPath {
  /** as in `ledger_path in [clients_endpoint]` */
  readonly key: string;
  readonly path: string;
}

export interface Relocated {
  readonly config: Config;
  /** those of the gateway's own files that were outside of the folder that it had, and are in the new one */
  readonly moved: readonly ConfiguredPath[];
  /** what else leads outside of the gateway's folder, whether it is kept or reset */
  readonly outside: readonly ConfiguredPath[];
}

/**
 * `config`, which may be a stranger's, as that of gateway `id` whose files are all in `<rootDirectory>/<id>`, where `init`
 * puts them. A log file and certificates outside of its folder, and a directory server that is not the usual one, stay
 * only where the operator has said so: else they are reset to their defaults.
 */
export function relocate(config: Config, id: string, rootDirectory: string, keepsOutside: boolean): Relocated {
  const there = defaultConfig(id, rootDirectory);
  const before = homeOf(config);
  const { file } = config.logging;
  const ownLogFile = isWithin(before, file) ? file : undefined;
  const relocated = configWith((key) =>
    valueOf(isOfHome(key) || leadsOutside(key) && !keepsOutside ? there : config, key)
  );
  if (ownLogFile !== undefined) relocated.logging.file = join(rootDirectory, id, basename(resolve(ownLogFile)));
  return {
    config: relocated,
    moved: pathsOf(config).filter(({ path }) => !isWithin(before, path)),
    outside: KEYS.filter((key) => leadsOutside(key) && valueOf(config, key) !== key.default)
      .map((key) => configured(config, key)).filter(({ path }) => path !== ownLogFile),
  };
}

/**
 * The first value of `config`, which lies in the home `<rootDirectory>/<id>`, that means another home, as in one that was
 * copied or renamed: its id, or a path in the home that it was made for. `isSame` says whether two folders are one.
 */
export function strayIn(
  config: Config,
  id: string,
  rootDirectory: string,
  isSame: (one: string, other: string) => boolean,
): ConfiguredPath | undefined {
  if (config.gateway.id !== id) return { key: "id in [gateway]", path: config.gateway.id };
  const before = homeOf(config);
  if (isSame(before, join(rootDirectory, id))) return undefined;
  return pathsIn(before, config)[0];
}

/** `config` as that of gateway `id` in `<rootDirectory>/<id>`: the paths in the home that it had are the same in this one. */
export function moved(config: Config, id: string, rootDirectory: string): Config {
  const before = homeOf(config);
  const result = configWith((key) => {
    const value = valueOf(config, key);
    const isInside = typeof value === "string" && isWithin(before, value);
    return isInside ? join(rootDirectory, id, relative(before, value)) : value;
  });
  return { ...result, gateway: { ...result.gateway, id, nymRootDirectory: rootDirectory } };
}

function homeOf({ gateway }: Config): string {
  return join(gateway.nymRootDirectory, gateway.id);
}

/** All paths of a configuration that are in a folder. */
function pathsIn(folder: string, config: Config): ConfiguredPath[] {
  return KEYS.map((key) => configured(config, key)).filter(({ path }) => isWithin(folder, path));
}

/** The paths of what belongs to a gateway alone. */
export function pathsOf(config: Config): ConfiguredPath[] {
  return KEYS.filter((key) => isOfHome(key) && key.kind === path).map((key) => configured(config, key));
}

function configured(config: Config, key: NamedKey): ConfiguredPath {
  return { key: `${key.name} in [${key.section}]`, path: String(valueOf(config, key)) };
}

/** Whether a value belongs to the gateway's own folder: its default is made from that. */
function isOfHome(key: NamedKey): boolean {
  return typeof key.default === "function";
}

/** Whether a value names something that the gateway reads, writes or asks elsewhere. */
function leadsOutside(key: NamedKey): boolean {
  return !isOfHome(key) && (key.kind === path || key.kind === pathOrNone || key.kind === url);
}

function isWithin(folder: string, path: string): boolean {
  if (!isAbsolute(path)) return false;
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
