import type { Config } from "../../config/config.ts";
import { loadKeyPair } from "../../config/key_files.ts";
import { loadStorageKey } from "../../config/storage_key_file.ts";
import type { KeyPair } from "../../sphinx/curve.ts";
import { printIdentity } from "./identity.ts";
import type { Options } from "../options/options.ts";
import { print } from "../output/output.ts";
import { GATEWAY_ROLE } from "../role.ts";
import { sealedIn } from "../sealed.ts";
import { type Reloadable, run } from "./run.ts";

/**
 * Starts a gateway, which serves until it is disposed. `storageKey` seals the databases.
 * @throws {OperatorError} if it can't be started, for example because a port is in use
 */
export type StartGateway = (config: Config, keys: KeyPair, storageKey: Uint8Array) => Promise<Reloadable<Config>>;

/**
 * Runs a gateway until a signal ends it.
 * @throws {OperatorError} if it can't be started
 */
export async function runGateway(options: Options, startGateway: StartGateway): Promise<void> {
  await run({ ...GATEWAY_ROLE, prepare: (config) => prepare(config, startGateway), printAddresses }, options);
}

function prepare(config: Config, startGateway: StartGateway): () => Promise<Reloadable<Config>> {
  const { gateway, mixnetEndpoint, clientsEndpoint } = config;
  const keys = loadKeyPair(gateway);
  const storageKey = loadStorageKey(gateway.storageKeyFile, () => sealedIn(config));
  const clients = { ...clientsEndpoint, announceAddress: new URL(clientsEndpoint.announceAddress).host };
  printIdentity(keys, [mixnetEndpoint, clients]);
  print(`Directory server [presence]: ${gateway.presenceDirectoryServer}`);
  return () => startGateway(config, keys, storageKey);
}

function printAddresses({ mixnetEndpoint: mixnet, clientsEndpoint: clients }: Config): void {
  print(`Listening for incoming sphinx packets on ${mixnet.listeningAddress}`);
  print(`Announcing the following socket address for sphinx packets: ${mixnet.announceAddress}`);
  print(`Listening for incoming clients packets on ${clients.listeningAddress}`);
  print(`Announcing the following socket address for clients packets: ${clients.announceAddress}`);
  print(`Inboxes directory is: ${JSON.stringify(clients.inboxesDirectory)}`);
  print(`Clients ledger is stored at: ${JSON.stringify(clients.ledgerPath)}`);
}
