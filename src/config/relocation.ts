import { basename, isAbsolute, join, relative } from "node:path";
import { type Config, defaultConfig } from "./config.ts";

/** A path in a configuration. */
export interface ConfiguredPath {
  /** as in `ledger_path in [clients_endpoint]` */
  readonly key: string;
  readonly path: string;
}

/**
 * `config` as that of gateway `id` whose files are all in `<rootDirectory>/<id>`, where `init` puts them; and those paths
 * that were outside of the folder that the gateway had. Certificates stay where they are, and so does a log file outside
 * of that folder: they belong to the machine.
 */
export function relocate(
  config: Config,
  id: string,
  rootDirectory: string,
): { config: Config; outside: ConfiguredPath[] } {
  const { gateway, clientsEndpoint } = defaultConfig(id, rootDirectory);
  const { privateSphinxKeyFile, publicSphinxKeyFile, storageKeyFile, nymRootDirectory } = gateway;
  const { inboxesDirectory, ledgerPath } = clientsEndpoint;
  const { file } = config.logging;
  const before = join(config.gateway.nymRootDirectory, config.gateway.id);
  return {
    config: {
      ...config,
      gateway: {
        ...config.gateway,
        id,
        privateSphinxKeyFile,
        publicSphinxKeyFile,
        storageKeyFile,
        nymRootDirectory,
      },
      clientsEndpoint: { ...config.clientsEndpoint, inboxesDirectory, ledgerPath },
      logging: { ...config.logging, file: isWithin(before, file) ? join(rootDirectory, id, basename(file)) : file },
    },
    outside: pathsOf(config).filter(({ path }) => !isWithin(before, path)),
  };
}

/** The paths of what belongs to a gateway alone. */
export function pathsOf({ gateway, clientsEndpoint }: Config): ConfiguredPath[] {
  return [
    { key: "private_sphinx_key_file in [gateway]", path: gateway.privateSphinxKeyFile },
    { key: "public_sphinx_key_file in [gateway]", path: gateway.publicSphinxKeyFile },
    { key: "storage_key_file in [gateway]", path: gateway.storageKeyFile },
    { key: "inboxes_directory in [clients_endpoint]", path: clientsEndpoint.inboxesDirectory },
    { key: "ledger_path in [clients_endpoint]", path: clientsEndpoint.ledgerPath },
  ];
}

function isWithin(folder: string, path: string): boolean {
  if (!isAbsolute(path)) return false;
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}
