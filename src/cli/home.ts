import { join, resolve } from "node:path";
import { configPath } from "../config/config.ts";
import { exists } from "../config/files.ts";
import { isOfShell } from "../config/paths.ts";
import { ExitCode, fileError, OperatorError } from "../errors/operator_error.ts";
import type { Options } from "./options.ts";

/** The folder of the gateways of the service that install.sh installs. */
export const SERVICE_GATEWAYS = "/var/lib/nym-gateway/gateways";

/**
 * The folder that holds a folder for each gateway: in the folder that NYM_HOME names, for users without a home, or
 * otherwise in the user's home.
 * @throws {OperatorError} if there is neither
 */
export function gatewaysDirectory(): string {
  const nymHome = Deno.env.get("NYM_HOME");
  if (nymHome && isOfShell(nymHome)) {
    throw new OperatorError(
      `The environment variable NYM_HOME is "${nymHome}"; only shells expand ~: write the whole path`,
      ExitCode.CONFIGURATION,
    );
  }
  if (nymHome) return join(resolve(nymHome), "gateways");
  const home = homeDirectory();
  if (home !== undefined) return join(home, ".nym", "gateways");
  throw new OperatorError(
    `Cannot determine where gateways are kept: set the environment variable NYM_HOME to a folder for them`,
    ExitCode.CONFIGURATION,
  );
}

/**
 * The value of --id.
 * @throws {OperatorError} unless it can be the name of a folder, on this system and on others
 */
export function gatewayId(options: Options): string {
  const id = options.id ?? "";
  if (isId(id)) return id;
  throw new OperatorError(
    `--id: "${id}" is not one word: give at most 64 letters, digits, dots, dashes and underscores`,
    ExitCode.USAGE,
  );
}

function isId(text: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,63}$/u.test(text) && !text.endsWith(".");
}

function homeDirectory(): string | undefined {
  return Deno.env.get(Deno.build.os === "windows" ? "USERPROFILE" : "HOME") || undefined;
}

/** Where a gateway's configuration is. */
export interface FoundGateway {
  /** the id by --id or by its folder; undefined if only --config names it */
  readonly id: string | undefined;
  /** the path of its configuration file */
  readonly configPath: string;
}

/**
 * The gateway that the options name: by the file in --config, otherwise by --id, otherwise the only gateway there is.
 * It searches the folder that NYM_HOME names, or if that is not set, the user's home and then `service`, the folder of
 * the service's gateways.
 * @throws {OperatorError} listing the existing gateways, unless exactly one matches
 */
export function findGateway(options: Options, service = SERVICE_GATEWAYS): FoundGateway {
  const id = options.id === undefined ? undefined : gatewayId(options);
  if (options.config !== undefined) return { id, configPath: options.config };
  const { found, hidden } = gatewaysIn(placesOfGateways(service));
  const meant = id === undefined ? found : found.filter((gateway) => gateway.id === id);
  const [first, second] = meant;
  if (first !== undefined && (id !== undefined || second === undefined)) return first;
  throw notFound(id, found, hidden);
}

/** Folders that may hold gateways, in the order in which to search them. */
function placesOfGateways(service: string): string[] {
  if (Deno.env.get("NYM_HOME")) return [gatewaysDirectory()];
  const ofService = Deno.build.os === "linux" ? [service] : [];
  return homeDirectory() === undefined ? ofService : [gatewaysDirectory(), ...ofService];
}

/** All gateways in these places, and the places that this user may not look into. */
function gatewaysIn(places: readonly string[]): { found: (FoundGateway & { id: string })[]; hidden: string[] } {
  const hidden: string[] = [];
  const found = places.flatMap((place) => {
    try {
      return [...Deno.readDirSync(place)]
        .map(({ name }) => ({ id: name, configPath: configPath(name, place) }))
        .filter(({ id, configPath }) => isId(id) && exists(configPath))
        .sort((a, b) => a.id < b.id ? -1 : 1);
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) hidden.push(place);
      else if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw fileError(`Cannot look for gateways in ${place}`, error, ExitCode.INPUT_OUTPUT);
      }
      return [];
    }
  });
  return { found, hidden };
}

function notFound(id: string | undefined, found: readonly FoundGateway[], hidden: readonly string[]): OperatorError {
  const looked = hidden.map((place) => `; this user may not look into ${place}: use sudo`).join("");
  if (found.length > 0) {
    const list = found.map(({ id, configPath }) => `${id} (${configPath})`).join(", ");
    return id === undefined
      ? new OperatorError(`There are several gateways; give --id for one of them: ${list}`, ExitCode.USAGE)
      : new OperatorError(`There is no gateway ${id}, only ${list}${looked}`, ExitCode.MISSING_INPUT);
  }
  if (hidden.length > 0) {
    return new OperatorError(`No gateway ${id ?? ""}`.trim() + ` was found${looked}`, ExitCode.NO_PERMISSION);
  }
  const named = id ?? "<word>";
  return new OperatorError(
    `There is no gateway ${id ?? "here"} yet (${
      configPath(named, gatewaysDirectory())
    } does not exist): create it with ` +
      `\`nym-gateway init --id ${named} --mix-host <ip> --clients-host <ip>\``,
    ExitCode.MISSING_INPUT,
  );
}
