import { join } from "node:path";

/** What a gateway is told by its config.toml and its command line. Addresses are `ip:port`, `[ipv6]:port`; times in ms. */
export interface Config {
  gateway: {
    id: string;
    location: string;
    privateSphinxKeyFile: string;
    publicSphinxKeyFile: string;
    /** the key that seals what is stored */
    storageKeyFile: string;
    /** http(s) URL */
    presenceDirectoryServer: string;
    /** the folder that holds the folders of all gateways of this user */
    nymRootDirectory: string;
  };
  mixnetEndpoint: {
    listeningAddress: string;
    /** `host:port`; the host may be a DNS name */
    announceAddress: string;
    /** where clients' packets may go: to the mixnodes of the directory's topology, or anywhere */
    forwardTo: "topology" | "any";
    /** ms for which packets are remembered, to drop them when they come again */
    replayWindow: number;
  };
  clientsEndpoint: {
    listeningAddress: string;
    /** ws(s) URL */
    announceAddress: string;
    inboxesDirectory: string;
    ledgerPath: string;
    allowReRegistration: boolean;
    /** PEM files to speak TLS with; both "" for no TLS */
    tlsCertificate: string;
    tlsKey: string;
    /** whether a client must prove that it has its address's private key in order to register */
    requireProof: boolean;
    /** whether the directory is told which clients are registered here */
    announceClients: boolean;
  };
  /** Numbers of connections at once, of events in an hour or a second, of messages and bytes; times in ms. */
  limits: {
    clientConnections: number;
    clientConnectionsPerNetwork: number;
    connectionsBeforeLogin: number;
    connectionsBeforeLoginPerNetwork: number;
    loginDeadline: number;
    framesPerSecond: number;
    registrationsPerHour: number;
    registrationsPerHourPerNetwork: number;
    wrongTokensPerHourPerNetwork: number;
    wrongTokenDelay: number;
    mixnetConnections: number;
    mixnetConnectionsPerNetwork: number;
    mixnetFrameDeadline: number;
    /** 0: never */
    mixnetIdleTimeout: number;
    limitLoopback: boolean;
    inboxMessages: number;
    inboxBytes: number;
    mailboxBytes: number;
    /** 0: for ever */
    timeToLive: number;
    /** bytes */
    minimumFreeDisk: number;
    slowClientBytes: number;
  };
  operator: {
    /** of the status page and the metrics; "" for none */
    listeningAddress: string;
  };
  logging: {
    format: "text" | "json";
    /** a filter, as of RUST_LOG */
    level: string;
    /** "" for standard error */
    file: string;
  };
  debug: {
    presenceSendingDelay: number;
    packetForwardingInitialBackoff: number;
    packetForwardingMaximumBackoff: number;
    initialConnectionTimeout: number;
    /** characters; read for the sake of 0.7.0 files and unused, since inboxes are no longer folders of files */
    storedMessagesFilenameLength: number;
    /** read for the sake of 0.7.0 files and unused, since stored messages are pushed at the pace the client reads */
    messageRetrievalLimit: number;
  };
}

export const DEFAULT_MIX_PORT = 1789;
export const DEFAULT_CLIENTS_PORT = 9000;
export const DEFAULT_OPERATOR_PORT = 9001;
export const DEFAULT_DIRECTORY = "https://directory.nymtech.net";

/** The configuration of gateway `id` whose files are in `<rootDirectory>/<id>`, when nothing else is asked for. */
export function defaultConfig(id: string, rootDirectory: string): Config {
  const data = join(rootDirectory, id, "data");
  return {
    gateway: {
      id,
      location: "unknown",
      privateSphinxKeyFile: join(data, "private_sphinx.pem"),
      publicSphinxKeyFile: join(data, "public_sphinx.pem"),
      storageKeyFile: join(data, "storage_key.pem"),
      presenceDirectoryServer: DEFAULT_DIRECTORY,
      nymRootDirectory: rootDirectory,
    },
    mixnetEndpoint: {
      listeningAddress: `0.0.0.0:${DEFAULT_MIX_PORT}`,
      announceAddress: `127.0.0.1:${DEFAULT_MIX_PORT}`,
      forwardTo: "topology",
      replayWindow: 86_400_000,
    },
    clientsEndpoint: {
      listeningAddress: `0.0.0.0:${DEFAULT_CLIENTS_PORT}`,
      announceAddress: `ws://127.0.0.1:${DEFAULT_CLIENTS_PORT}`,
      inboxesDirectory: join(data, "inboxes"),
      ledgerPath: join(data, "client_ledger.kv"),
      allowReRegistration: false,
      tlsCertificate: "",
      tlsKey: "",
      requireProof: false,
      announceClients: true,
    },
    limits: {
      clientConnections: 10_000,
      clientConnectionsPerNetwork: 500,
      connectionsBeforeLogin: 256,
      connectionsBeforeLoginPerNetwork: 32,
      loginDeadline: 10_000,
      framesPerSecond: 1000,
      registrationsPerHour: 10_000,
      registrationsPerHourPerNetwork: 200,
      wrongTokensPerHourPerNetwork: 100,
      wrongTokenDelay: 500,
      mixnetConnections: 2000,
      mixnetConnectionsPerNetwork: 200,
      mixnetFrameDeadline: 30_000,
      mixnetIdleTimeout: 0,
      limitLoopback: false,
      inboxMessages: 100_000,
      inboxBytes: 100_000_000,
      mailboxBytes: 10_000_000_000,
      timeToLive: 30 * 86_400_000,
      minimumFreeDisk: 200_000_000,
      slowClientBytes: 65_536,
    },
    operator: { listeningAddress: `127.0.0.1:${DEFAULT_OPERATOR_PORT}` },
    logging: { format: "text", level: "info", file: "" },
    debug: {
      presenceSendingDelay: 1500,
      packetForwardingInitialBackoff: 10_000,
      packetForwardingMaximumBackoff: 300_000,
      initialConnectionTimeout: 1500,
      storedMessagesFilenameLength: 16,
      messageRetrievalLimit: 5,
    },
  };
}

/** Where the configuration file of gateway `id` is. */
export function configPath(id: string, rootDirectory: string): string {
  return join(rootDirectory, id, "config", "config.toml");
}
