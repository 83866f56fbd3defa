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

/** Has the configuration of a home that was copied or renamed mean the home that it is in. Throws an OperatorError. */
export function relocateGateway(options: Options): void {
  const { id, configPath } = findGateway(options);
  const text = readText(configPath, configPath);
  const config = parseConfig(text, configPath);
  const home = dirname(dirname(configPath));
  const wanted = moved(config, id!, dirname(home));
  const changed = differences(config, wanted);
  if (changed.length === 0) return print(` ${configPath} means its own home already.`);
  replaceText(configPath, rewriteConfig(text, config, wanted));
  print(` Changed in ${configPath}: ${changed.map(({ section, name }) => `[${section}] ${name}`).join(", ")}.`);
  print(
    " Never start the gateway in the other home again, if there is one: each of two with one key has half of the mail.",
  );
}

/**
 * What a configuration says of another home than the one that it was found in, as for an error; undefined when nothing, or
 * when --config names the file: then it is meant as it is.
 */
export function strayText({ id, configPath }: FoundGateway, config: Config, options: Options): string | undefined {
  if (options.config !== undefined || id === undefined) return undefined;
  const home = dirname(dirname(configPath));
  const stray = strayIn(config, id, dirname(home), isSameFolder);
  return stray && `${configPath} is of another home, copied or renamed: ${stray.key} is "${stray.path}"`;
}

/** @throws {OperatorError} when the configuration is that of another home */
export function refuseStray(found: FoundGateway, config: Config, options: Options): void {
  const text = strayText(found, config, options);
  if (text === undefined) return;
  throw new OperatorError(`${text}; ${remedyForStray(found)}`, ExitCode.CONFIGURATION);
}

export function remedyForStray({ id, configPath }: FoundGateway): string {
  return `\`nym-gateway relocate --id ${id}\` sets it right, --config ${configPath} says that it is meant`;
}

/** Links are followed; what is not there is compared by its name. */
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
