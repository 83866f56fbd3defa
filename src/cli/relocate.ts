import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import { differences } from "../config/differences.ts";
import { readText, replaceText } from "../config/files.ts";
import { parseConfig } from "../config/parse.ts";
import { moved, strayIn } from "../config/relocation.ts";
import { rewriteConfig } from "../config/rewriting.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { findGateway, type FoundGateway } from "./home.ts";
import type { Options } from "./options.ts";
import { print } from "./output.ts";

/**
 * Corrects the paths in the configuration of a home that was copied or renamed, so that they name this home.
 * @throws {OperatorError} if there is no such gateway, or its configuration can't be read or written
 */
export function relocateGateway(options: Options): void {
  const { id, configPath } = findGateway(options);
  const text = readText(configPath, configPath);
  const config = parseConfig(text, configPath);
  const home = dirname(dirname(configPath));
  const wanted = moved(config, id!, dirname(home));
  const changed = differences(config, wanted);
  if (changed.length === 0) return print(` ${configPath} names its own home already.`);
  replaceText(configPath, rewriteConfig(text, config, wanted));
  print(` Changed in ${configPath}: ${changed.map(({ section, name }) => `[${section}] ${name}`).join(", ")}.`);
  print(
    " Never start the gateway in the other home again, if there is one: two with the same key would each get part of the mail.",
  );
}

/**
 * The beginning of an error message if a configuration names another home than the one it was found in; otherwise
 * undefined, also if --config names the file: then its paths are intended.
 */
export function strayText({ id, configPath }: FoundGateway, config: Config, options: Options): string | undefined {
  if (options.config !== undefined || id === undefined) return undefined;
  const home = dirname(dirname(configPath));
  const stray = strayIn(config, id, dirname(home), isSameFolder);
  return stray && `${configPath} belongs to another home, and was copied or renamed: ${stray.key} is "${stray.path}"`;
}

/**
 * Refuses a configuration with paths in another home.
 * @throws {OperatorError} saying what to do about it
 */
export function refuseStray(found: FoundGateway, config: Config, options: Options): void {
  const text = strayText(found, config, options);
  if (text === undefined) return;
  throw new OperatorError(`${text}; ${remedyForStray(found)}`, ExitCode.CONFIGURATION);
}

/** What to do about a configuration with paths in another home. */
export function remedyForStray({ id, configPath }: FoundGateway): string {
  return `\`nym-gateway relocate --id ${id}\` fixes it; --config ${configPath} uses it as it is`;
}

/** Follows links; paths that don't exist are compared by name. */
function isSameFolder(one: string, other: string): boolean {
  return realPath(one) === realPath(other);
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}
