import { join, resolve } from "node:path";
import { configPath } from "../config/config.ts";
import { exists } from "../config/files.ts";
import { isOfShell } from "../config/paths.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import type { Options } from "./options.ts";

/**
 * The folder that holds a folder for each gateway: in the one that NYM_HOME names, which serves users without a home, or
 * else in the user's home. Throws an OperatorError when there is neither.
 */
export function gatewaysDirectory(): string {
  const nymHome = Deno.env.get("NYM_HOME");
  if (nymHome && isOfShell(nymHome)) {
    throw new OperatorError(
      `The environment variable NYM_HOME is "${nymHome}"; ~ is known to shells only: write the whole path`,
      ExitCode.CONFIGURATION,
    );
  }
  if (nymHome) return join(resolve(nymHome), "gateways");
  const variable = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";
  const home = Deno.env.get(variable);
  if (home) return join(home, ".nym", "gateways");
  throw new OperatorError(
    `Cannot tell where gateways are kept: set the environment variable NYM_HOME to a folder for them`,
    ExitCode.CONFIGURATION,
  );
}

/** The value of --id. Throws an OperatorError unless it can be the name of a folder, here and on other systems. */
export function gatewayId(options: Options): string {
  const id = options.id ?? "";
  if (/^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,63}$/u.test(id) && !id.endsWith(".")) return id;
  throw new OperatorError(
    `--id: "${id}" is not one word: give at most 64 letters, digits, dots, dashes and underscores`,
    ExitCode.USAGE,
  );
}

/** The configuration file of the gateway that --id names. Throws an OperatorError when init has not made it. */
export function gatewayConfigPath(options: Options): string {
  const id = gatewayId(options);
  const path = configPath(id, gatewaysDirectory());
  if (exists(path)) return path;
  throw new OperatorError(
    `There is no gateway ${id} yet (${path} does not exist): make it with ` +
      `\`nym-gateway init --id ${id} --mix-host <ip> --clients-host <ip>\``,
    ExitCode.MISSING_INPUT,
  );
}
