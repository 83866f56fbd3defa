import { join } from "node:path";
import { type Config, configPath, defaultConfig } from "../config/config.ts";
import { exists, writeConfig } from "../config/files.ts";
import { saveKeyPair } from "../config/key_files.ts";
import { makeStorageKey } from "../config/storage_key_file.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { generateKeyPair } from "../sphinx/curve.ts";
import { gatewayId, gatewaysDirectory, SERVICE_GATEWAYS } from "./home.ts";
import type { Options } from "./options.ts";
import { print, printText } from "./output.ts";
import { overrideConfig } from "./overrides.ts";

/**
 * Makes a gateway: its key pair, its storage key and its configuration file; all of them or none. Throws an OperatorError,
 * also when there is one of that name: its clients' addresses hang on its key, so it is never replaced.
 */
export function init(options: Options): void {
  const id = gatewayId(options);
  print(`Initialising gateway ${id}...`);
  const root = gatewaysDirectory();
  const config = overrideConfig(defaultConfig(id, root), options);
  const path = configPath(id, root);
  const { privateSphinxKeyFile, publicSphinxKeyFile, storageKeyFile } = config.gateway;
  for (const file of [path, privateSphinxKeyFile, publicSphinxKeyFile, storageKeyFile]) {
    if (exists(file)) throw alreadyThere(id, file, join(root, id));
  }
  using unfinished = new DisposableStack();
  const made = (...files: string[]) => files.forEach((file) => unfinished.defer(() => Deno.removeSync(file)));
  saveKeyPair(config.gateway, generateKeyPair());
  made(privateSphinxKeyFile, publicSphinxKeyFile);
  print("Saved mixnet sphinx keypair");
  makeStorageKey(storageKeyFile);
  made(storageKeyFile);
  writeConfig(path, config);
  unfinished.move(); // it is finished: they stay
  print(`Saved configuration file to ${JSON.stringify(path)}`);
  printText("Gateway configuration completed.\n\n\n");
  printText(nextSteps(id, root, config.gateway));
}

/** What there is to do, in its order. */
function nextSteps(id: string, root: string, { privateSphinxKeyFile, storageKeyFile }: Config["gateway"]): string {
  return `Next, see whether all is ready, and start it:
    nym-gateway check --id ${id}
    ${startOf(id, root)}

Keep a copy of these two files in a safe place. Without the first, nothing that is sent to its clients arrives; without
the second, mail that waits for them can't be read:
    ${privateSphinxKeyFile}
    ${storageKeyFile}
`;
}

/** The service's own gateway is started as a service. */
function startOf(id: string, root: string): string {
  if (root !== SERVICE_GATEWAYS || !exists("/run/systemd/system")) return `nym-gateway run --id ${id}`;
  return `systemctl enable --now ${id === "gateway" ? "nym-gateway" : `nym-gateway@${id}`}`;
}

function alreadyThere(id: string, file: string, folder: string): OperatorError {
  return new OperatorError(
    `Cannot initialise gateway ${id}: ${file} exists already; start it with \`nym-gateway run --id ${id}\`, ` +
      `choose another --id, or move ${folder} away`,
    ExitCode.CANNOT_CREATE,
  );
}
