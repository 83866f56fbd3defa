import { dirname, join, resolve } from "node:path";
import { type AnyConfig, configPath } from "../../config/config.ts";
import type { Environment } from "../../config/credentials.ts";
import { exists } from "../../config/files.ts";
import { isOfShell } from "../../config/paths.ts";
import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import type { Options } from "../options/options.ts";
import type { Role } from "../role.ts";

/** The folder of the services that install.sh installs: it is their NYM_HOME. */
export const SERVICE_HOME = "/var/lib/nym-gateway";

/** Whether a file or folder is in it, so that it is a service's. */
export function isOfService(path: string): boolean {
  return path.startsWith(`${SERVICE_HOME}/`);
}

/**
 * The folder that holds a folder for each node of a kind: in the folder that NYM_HOME names, for users without a home, or
 * otherwise in the user's home.
 * @throws {OperatorError} if there is neither
 */
export function homesDirectory(
  { homes }: { readonly homes: string },
  environment: Environment = Deno.env,
): string {
  const nymHome = environment.get("NYM_HOME");
  if (nymHome && isOfShell(nymHome)) {
    throw new OperatorError(
      `The environment variable NYM_HOME is "${nymHome}"; only shells expand ~: write the whole path`,
      ExitCode.CONFIGURATION,
    );
  }
  if (nymHome) return join(resolve(nymHome), homes);
  const home = homeDirectory(environment);
  if (home !== undefined) return join(home, ".nym", homes);
  throw new OperatorError(
    `Cannot determine where ${homes} are kept: set the environment variable NYM_HOME to a folder for them`,
    ExitCode.CONFIGURATION,
  );
}

/**
 * The value of --id.
 * @throws {OperatorError} unless it can be the name of a folder, on this system and on others
 */
export function nodeId(options: Options): string {
  const id = givenId(options) ?? "";
  if (isId(id)) return id;
  throw new OperatorError(
    `--id: "${id}" is not one word: give at most 64 letters, digits, dots, dashes and underscores`,
    ExitCode.USAGE,
  );
}

/**
 * The value of --id. A unit of systemd passes the name of its instance as units are named, with escapes such as
 * `\xc3\xbc` for what must not be in such a name (systemd-escape(1)). No id has a backslash.
 */
function givenId({ id }: Options): string | undefined {
  if (!id?.includes("\\x")) return id;
  try {
    return decodeURIComponent(id.replaceAll("%", "%25").replaceAll(/\\x([\da-f]{2})/g, "%$1"));
  } catch {
    return id; // that is not UTF-8
  }
}

function isId(text: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}._-]{0,63}$/u.test(text) && !text.endsWith(".");
}

/**
 * Whether this can be the name of a home that is there. 0.7.0 takes any id, as in `my@gateway`. Left out are paths, hidden
 * folders, such as an unfinished import, and what would disturb a terminal, or a shell that is given a command with it.
 */
function isNameOfHome(text: string): boolean {
  return /^[\p{L}\p{N}_@+=,:%][\p{L}\p{M}\p{N} ._@+=,:%-]*$/u.test(text);
}

function homeDirectory(environment: Environment): string | undefined {
  return environment.get(Deno.build.os === "windows" ? "USERPROFILE" : "HOME") || undefined;
}

/** Where a node's configuration is. */
export interface FoundHome {
  /** the id by --id or by its folder; undefined if only --config names it */
  readonly id: string | undefined;
  /** the path of its configuration file */
  readonly configPath: string;
}

/**
 * The node that the options name: by the file in --config, otherwise by --id, otherwise the only one there is. It
 * searches the folder that NYM_HOME names, or if that is not set, the user's home and then `service`, the services' home.
 * A home that has lost its config.toml is found if no other one is meant.
 * @throws {OperatorError} listing the existing ones, unless exactly one matches
 */
export function findHome<C extends AnyConfig>(
  role: Role<C>,
  options: Options,
  service: string = SERVICE_HOME,
  environment: Environment = Deno.env,
): FoundHome {
  const given = givenId(options);
  const id = given === undefined || isNameOfHome(given) ? given : nodeId(options);
  if (options.config !== undefined) return { id, configPath: options.config };
  const places = placesOf(role, service, environment);
  const { found, hidden } = homesIn(places);
  const meant = (homes: readonly FoundHome[]) => id === undefined ? homes : homes.filter((home) => home.id === id);
  const [first, second] = meant(found);
  if (first !== undefined && (id !== undefined || second === undefined)) return first;
  // Its configuration is gone, but it may run, and it is not to be created again.
  const [bare, ...more] = first === undefined ? meant(homesIn(places, hasData).found) : [];
  if (bare !== undefined && more.length === 0) return bare;
  if (id !== undefined) nodeId(options); // which throws if no node of that name can be created
  throw notFound(role, id, found, hidden, environment);
}

/** Folders that may hold nodes of a kind, in the order in which to search them. */
export function placesOf(
  kind: { readonly homes: string },
  service: string = SERVICE_HOME,
  environment: Environment = Deno.env,
): string[] {
  if (environment.get("NYM_HOME")) return [homesDirectory(kind, environment)];
  const ofService = Deno.build.os === "linux" ? [join(service, kind.homes)] : [];
  return homeDirectory(environment) === undefined ? ofService : [homesDirectory(kind, environment), ...ofService];
}

/** All homes in these places, and the places that this user may not look into. `isHome` gets a path of config.toml. */
export function homesIn(
  places: readonly string[],
  isHome: (configPath: string) => boolean = exists,
): { found: (FoundHome & { id: string })[]; hidden: string[] } {
  const hidden: string[] = [];
  const found = places.flatMap((place) => {
    try {
      return [...Deno.readDirSync(place)]
        .map(({ name }) => ({ id: name, configPath: configPath(name, place) }))
        .filter(({ id, configPath }) => isNameOfHome(id) && isHome(configPath))
        .sort((a, b) => a.id < b.id ? -1 : 1);
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) hidden.push(place);
      else if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw fileError(`Cannot look into ${place}`, error, ExitCode.INPUT_OUTPUT);
      }
      return [];
    }
  });
  return { found, hidden };
}

/** Whether a home has the folder that `init` puts its keys into. */
function hasData(configPath: string): boolean {
  return exists(join(dirname(dirname(configPath)), "data"));
}

function notFound<C extends AnyConfig>(
  { homes, table: { program: kind }, program, creation }: Role<C>,
  id: string | undefined,
  found: readonly FoundHome[],
  hidden: readonly string[],
  environment: Environment,
): OperatorError {
  const looked = hidden.map((place) => `; this user may not look into ${place}: use sudo`).join("");
  if (found.length > 0) {
    const list = found.map(({ id, configPath }) => `${id} (${configPath})`).join(", ");
    return id === undefined
      ? new OperatorError(`There are several ${homes}; give --id for one of them: ${list}`, ExitCode.USAGE)
      : new OperatorError(`There is no ${kind} ${id}, only ${list}${looked}`, ExitCode.MISSING_INPUT);
  }
  if (hidden.length > 0) {
    return new OperatorError(`No ${kind} ${id ?? ""}`.trim() + ` was found${looked}`, ExitCode.NO_PERMISSION);
  }
  const named = id ?? "<word>";
  return new OperatorError(
    `There is no ${kind} ${id ?? "here"} yet (${
      configPath(named, homesDirectory({ homes }, environment))
    } does not exist): create it with \`${program} init --id ${named} ${creation}\``,
    ExitCode.MISSING_INPUT,
  );
}
