import type { MixnodeConfig } from "../../config/config.ts";
import { loadKeyPair } from "../../config/key_files.ts";
import type { KeyPair } from "../../sphinx/curve.ts";
import { printIdentity } from "./identity.ts";
import type { Options } from "../options/options.ts";
import { print } from "../output/output.ts";
import { MIXNODE_ROLE } from "../role.ts";
import { type Reloadable, run } from "./run.ts";

/**
 * Starts a mixnode, which serves until it is disposed.
 * @throws {OperatorError} if it can't be started, for example because a port is in use
 */
export type StartMixnode = (config: MixnodeConfig, keys: KeyPair) => Promise<Reloadable<MixnodeConfig>>;

/**
 * Runs a mixnode until a signal ends it.
 * @throws {OperatorError} if it can't be started
 */
export async function runMixnode(options: Options, startMixnode: StartMixnode): Promise<void> {
  await run({ ...MIXNODE_ROLE, prepare: (config) => prepare(config, startMixnode), printAddresses }, options);
}

function prepare(config: MixnodeConfig, startMixnode: StartMixnode): () => Promise<Reloadable<MixnodeConfig>> {
  const { mixnode } = config;
  const keys = loadKeyPair(mixnode);
  printIdentity(keys, [mixnode]);
  print(`Directory server [presence]: ${mixnode.presenceDirectoryServer}`);
  print(`Directory server [metrics]: ${mixnode.metricsDirectoryServer}`);
  return () => startMixnode(config, keys);
}

function printAddresses({ mixnode }: MixnodeConfig): void {
  print(`Listening for incoming packets on ${mixnode.listeningAddress}`);
  print(`Announcing the following socket address: ${mixnode.announceAddress}`);
}
