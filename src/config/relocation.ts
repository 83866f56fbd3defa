import { basename, isAbsolute, join, relative, resolve } from "node:path";
import {
  type AnyConfig,
  type Config,
  defaultConfig,
  GATEWAY,
  homeOf,
  type NamedKey,
  tableOf,
  tableWith,
  valueOf,
} from "./config.ts";
import { path, pathOrNone, url } from "./kinds.ts";

/** A path or URL in a configuration. */
export interface ConfiguredPath {
  /** as in `ledger_path in [clients_endpoint]` */
  readonly key: string;
  /** its value */
  readonly path: string;
}

/** The result of {@linkcode relocate}. */
export interface Relocated {
  /** the configuration for the new folder */
  readonly config: Config;
  /** the gateway's own files that were outside its old folder, and are inside the new one */
  readonly moved: readonly ConfiguredPath[];
  /** other values that refer to something outside the gateway's folder, whether kept or reset */
  readonly outside: readonly ConfiguredPath[];
}

/**
 * Adapts `config` to gateway `id`, whose files are all in `<rootDirectory>/<id>`, where `init` puts them. The
 * configuration may be a stranger's, so a log file or certificates outside its folder, a directory server other than the
 * default, and a database are reset to their defaults unless `keepsOutside`.
 */
export function relocate(config: Config, id: string, rootDirectory: string, keepsOutside: boolean): Relocated {
  const defaults = defaultConfig(id, rootDirectory);
  const before = folderOf(config);
  const { file } = config.logging;
  const ownLogFile = isWithin(before, file) ? file : undefined;
  const relocated = tableWith(
    GATEWAY,
    (key) => valueOf(isOfHome(key) || leadsOutside(key) && !keepsOutside ? defaults : config, key),
  );
  relocated.storage.kind = "embedded"; // in an export, mail is in files
  if (ownLogFile !== undefined) relocated.logging.file = join(rootDirectory, id, basename(resolve(ownLogFile)));
  return {
    config: relocated,
    moved: pathsOf(config).filter(({ path }) => !isWithin(before, path)),
    outside: GATEWAY.keys.filter((key) => leadsOutside(key) && valueOf(config, key) !== key.default)
      .map((key) => configured(config, key)).filter(({ path }) => path !== ownLogFile),
  };
}

/**
 * The first value of `config`, found in the home `<rootDirectory>/<id>`, that refers to another home because this one was
 * copied or renamed: its id, or a path in the original home. Undefined if there is none. `isSame` says whether two paths
 * are the same folder.
 */
export function strayIn(
  config: AnyConfig,
  id: string,
  rootDirectory: string,
  isSame: (one: string, other: string) => boolean,
): ConfiguredPath | undefined {
  const { id: written } = homeOf(config);
  if (written !== id) return { key: `id in [${tableOf(config).program}]`, path: written };
  const before = folderOf(config);
  if (isSame(before, join(rootDirectory, id))) return undefined;
  return pathsIn(before, config)[0];
}

/** Adapts `config` to node `id` in `<rootDirectory>/<id>`: paths in its old home become the same paths in the new one. */
export function moved<C extends AnyConfig>(config: C, id: string, rootDirectory: string): C {
  const before = folderOf(config);
  const result = tableWith(tableOf(config), (key) => {
    const value = valueOf(config, key);
    const isInside = typeof value === "string" && isWithin(before, value);
    return isInside ? join(rootDirectory, id, relative(before, value)) : value;
  });
  Object.assign(homeOf(result), { id, nymRootDirectory: rootDirectory });
  return result;
}

function folderOf(config: AnyConfig): string {
  const { id, nymRootDirectory } = homeOf(config);
  return join(nymRootDirectory, id);
}

/** The paths of a configuration that are in a folder. */
function pathsIn(folder: string, config: AnyConfig): ConfiguredPath[] {
  return tableOf(config).keys.map((key) => configured(config, key)).filter(({ path }) => isWithin(folder, path));
}

/** The paths of the node's own files and folders. */
export function pathsOf(config: AnyConfig): ConfiguredPath[] {
  return tableOf(config).keys.filter((key) => isOfHome(key) && key.kind === path).map((key) => configured(config, key));
}

function configured(config: AnyConfig, key: NamedKey): ConfiguredPath {
  return { key: `${key.name} in [${key.section}]`, path: String(valueOf(config, key)) };
}

/** Whether a key depends on the node's name or folder: then its default is computed from them. */
function isOfHome(key: NamedKey): boolean {
  return typeof key.default === "function";
}

/** Whether a key refers to something outside the gateway's folder: a file, or a server. */
function leadsOutside(key: NamedKey): boolean {
  if (isOfHome(key) || key.section === "storage" && key.name === "kind") return false;
  return key.section === "storage" || key.kind === path || key.kind === pathOrNone || key.kind === url;
}

function isWithin(folder: string, path: string): boolean {
  if (!isAbsolute(path)) return false;
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
