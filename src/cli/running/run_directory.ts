import { portOf } from "../../config/addresses.ts";
import type { DirectoryConfig } from "../../config/config.ts";
import { loadSigningKey, signingKeyName } from "../../config/signing_key_file.ts";
import type { Options } from "../options/options.ts";
import { print } from "../output/output.ts";
import { DIRECTORY_ROLE } from "../role.ts";
import { type Reloadable, run } from "./run.ts";

/**
 * Starts a directory, which serves until it is disposed. `signingKey`: Ed25519, 32 bytes.
 * @throws {OperatorError} if it can't be started, for example because a port is in use
 */
export type StartDirectory = (config: DirectoryConfig, signingKey: Uint8Array) => Promise<Reloadable<DirectoryConfig>>;

/**
 * Runs a directory until a signal ends it.
 * @throws {OperatorError} if it can't be started
 */
export async function runDirectory(options: Options, startDirectory: StartDirectory): Promise<void> {
  await run({ ...DIRECTORY_ROLE, prepare: (config) => prepare(config, startDirectory), printAddresses }, options);
}

function prepare(config: DirectoryConfig, startDirectory: StartDirectory): () => Promise<Reloadable<DirectoryConfig>> {
  const key = loadSigningKey(config.directory.privateSigningKeyFile);
  print(`Public key: ${signingKeyName(key)}`);
  return () => startDirectory(config, key);
}

function printAddresses({ directory: { listeningAddress, tlsCertificate } }: DirectoryConfig): void {
  print(`Listening for nodes and clients on ${listeningAddress}`);
  const url = `${tlsCertificate === "" ? "http" : "https"}://<host>:${portOf(listeningAddress)}`;
  print(`Its page, and the directory server to configure for nodes and clients: ${url}`);
}
