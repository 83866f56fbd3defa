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
 * Creates a gateway: its key pair, its storage key and its configuration file; all of them or none.
 * @throws {OperatorError} if that fails, or the gateway exists: its clients' addresses depend on its key, so it is
 *   never replaced
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
  unfinished.move(); // it is finished: the files stay
  print(`Saved configuration file to ${JSON.stringify(path)}`);
  printText("Gateway configuration completed.\n\n\n");
  printText(nextSteps(id, root, config.gateway));
}

/** What to do next, in order. */
function nextSteps(id: string, root: string, { privateSphinxKeyFile, storageKeyFile }: Config["gateway"]): string {
  return `Next, check that everything is ready, and start it:
    nym-gateway check --id ${id}
    ${startOf(id, root)}

Back up these two files. Without the first, nothing that is sent to the gateway's clients arrives; without the second,
mail that is waiting for them can't be read:
    ${privateSphinxKeyFile}
    ${storageKeyFile}
`;
}

/** The command that starts the gateway; the service's own gateways are started as a service. */
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
