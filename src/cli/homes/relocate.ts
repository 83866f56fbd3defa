import { dirname } from "node:path";
import type { AnyConfig } from "../../config/config.ts";
import { differences } from "../../config/differences.ts";
import { readEditedText, replaceText } from "../../config/files.ts";
import { parseTable } from "../../config/parse.ts";
import { moved, strayIn } from "../../config/relocation.ts";
import { rewriteConfig } from "../../config/rewriting.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { findHome, type FoundHome } from "./home.ts";
import type { Options } from "../options/options.ts";
import { print } from "../output/output.ts";
import type { Role } from "../role.ts";

/**
 * Corrects the paths in the configuration of a home that was copied or renamed, so that they name this home.
 * @throws {OperatorError} if there is no such node, or its configuration can't be read or written
 */
export function relocate<C extends AnyConfig>(role: Role<C>, options: Options): void {
  const { id, configPath } = findHome(role, options);
  const text = readEditedText(configPath, configPath);
  const config = parseTable(role.table, text, configPath);
  const home = dirname(dirname(configPath));
  const wanted = moved(config, id!, dirname(home));
  const changed = differences(config, wanted);
  if (changed.length === 0) return print(` ${configPath} names its own home already.`);
  replaceText(configPath, rewriteConfig(text, config, wanted));
  print(` Changed in ${configPath}: ${changed.map(({ section, name }) => `[${section}] ${name}`).join(", ")}.`);
  print(
    ` Never start the ${role.table.program} in the other home again, if there is one: two with the same key would each ` +
      `get part of the ${role.table.program === "gateway" ? "mail" : "packets"}.`,
  );
}

/**
 * The beginning of an error message if a configuration names another home than the one it was found in; otherwise
 * undefined, also if --config names the file: then its paths are intended.
 */
export function strayText({ id, configPath }: FoundHome, config: AnyConfig, options: Options): string | undefined {
  if (options.config !== undefined || id === undefined) return undefined;
  const home = dirname(dirname(configPath));
  const stray = strayIn(config, id, dirname(home), isSameFolder);
  return stray && `${configPath} belongs to another home, and was copied or renamed: ${stray.key} is "${stray.path}"`;
}

/**
 * Refuses a configuration with paths in another home.
 * @throws {OperatorError} saying what to do about it
 */
export function refuseStray<C extends AnyConfig>(role: Role<C>, found: FoundHome, config: C, options: Options): void {
  const text = strayText(found, config, options);
  if (text === undefined) return;
  throw new OperatorError(`${text}; ${remedyForStray(role, found)}`, ExitCode.CONFIGURATION);
}

/** What to do about a configuration with paths in another home. */
export function remedyForStray<C extends AnyConfig>({ program }: Role<C>, { id, configPath }: FoundHome): string {
  return `\`${program} relocate --id ${id}\` fixes it; --config ${configPath} uses it as it is`;
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
