import { join } from "node:path";
import { parseSocketAddress } from "../addresses/socket_address.ts";
import {
  type Config,
  defaultConfig,
  defaultsOf,
  DIRECTORY,
  type DirectoryConfig,
  MIXNODE,
  type MixnodeConfig,
} from "../config/config.ts";
import { Directory } from "../directory_server/directory.ts";
import { Door } from "../directory_server/door.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { Gateway } from "../gateway/gateway.ts";
import { STORAGE_KEY_SIZE } from "../mailbox/sealing.ts";
import { Mixnode } from "../mixnode/mixnode.ts";
import { generateKeyPair } from "../sphinx/curve.ts";
import { type CertificateFiles, readCertificate } from "../tls/certificate.ts";
import { makeCertificate } from "./certificate.ts";
import { type NetworkPorts, refusePortsInUse } from "./ports.ts";
import { until } from "./until.ts";

const HOST = "127.0.0.1";
/** of the key with which the directory signs topologies, in bytes */
const KEY_SIZE = 32;
/** ms; shorter than usual, because the whole network has just started */
const FIRST_BACKOFF = 250;
/** ms to wait for nodes to announce themselves */
const ANNOUNCE_TIMEOUT = 10_000;

/** Options of a network. */
export interface NetworkOptions {
  /** address of the gateway's status page (`ip:port`); "" for none */
  readonly operator?: string;
  /** whether clients use https and wss, with a certificate made for this network */
  readonly withTls?: boolean;
}

/**
 * A whole mixnet on this machine: a directory, a mixnode in each layer and a gateway, with real sockets and a temporary
 * home.
 */
export class Network {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly directory: Directory,
    /** where clients find the directory: its base URL, without a trailing slash */
    readonly directoryUrl: string,
    /** undefined without TLS */
    readonly certificate: CertificateFiles | undefined,
    /** one in each layer, from the first on */
    readonly mixnodes: readonly Mixnode[],
    readonly gateway: Gateway,
    /** base58 */
    readonly gatewayKey: string,
    /** where the gateway keeps its clients' messages */
    readonly inboxesDirectory: string,
  ) {}

  /**
   * Resolves when the directory lists all nodes. Throws a PortInUse, or the signal's reason once that is aborted; it
   * leaves nothing behind in that case.
   */
  static async start(
    ports: NetworkPorts,
    signal: AbortSignal,
    { operator = "", withTls = false }: NetworkOptions = {},
  ): Promise<Network> {
    refusePortsInUse(ports);
    await using starting = new AsyncDisposableStack();
    const home = starting.adopt(makeHome(), (folder) => Deno.remove(folder, { recursive: true }));
    const certificate = withTls ? await makeCertificate(home) : undefined;
    const directorySettings = directoryConfig(home, withTls ? 0 : ports.directory);
    const directory = starting.use(
      await Directory.start(directorySettings, crypto.getRandomValues(new Uint8Array(KEY_SIZE))),
    );
    if (certificate !== undefined) {
      // The nodes do not trust the certificate: they connect to the directory itself, and clients through this door.
      const outside = parseSocketAddress(`${HOST}:${ports.directory}`)!;
      const { counters, address } = directory;
      starting.use(
        new Door(outside, readCertificate(certificate), () => address, directorySettings.limits, counters.add),
      );
    }
    const directoryUrl = withTls ? `https://${HOST}:${ports.directory}` : directory.url;
    const mixnodes: Mixnode[] = [];
    for (const [i, port] of ports.mixnodes.entries()) {
      const config = mixnodeConfig(home, port, i + 1, directory.url);
      mixnodes.push(starting.use(await Mixnode.start(config, generateKeyPair())));
    }
    // The mixnodes come first: the gateway forwards only to those in the topology that it fetched last.
    await until(
      () => directory.topology().mixNodes.length === mixnodes.length,
      ANNOUNCE_TIMEOUT,
      () => "The mixnodes have not announced themselves to the directory",
      signal,
    );

    const keys = generateKeyPair();
    const gatewayKey = encodeBase58(keys.publicKey);
    const config = gatewayConfig(home, ports, directory.url, operator, certificate);
    const { inboxesDirectory } = config.clientsEndpoint;
    const gateway = starting.use(
      await Gateway.start(config, keys, crypto.getRandomValues(new Uint8Array(STORAGE_KEY_SIZE))),
    );
    await until(
      () => directory.topology().gatewayNodes.some(({ pubKey }) => pubKey === gatewayKey),
      ANNOUNCE_TIMEOUT,
      () => "The gateway has not announced itself to the directory",
      signal,
    );
    await Promise.all(mixnodes.map(({ presence }) => presence.lookAgain())); // now that all are listed
    return new Network(
      starting.move(),
      directory,
      directoryUrl,
      certificate,
      mixnodes,
      gateway,
      gatewayKey,
      inboxesDirectory,
    );
  }

  /** Bytes that the gateway's mailbox occupies on disk. */
  diskUsage(): number {
    return Deno.readDirSync(this.inboxesDirectory).reduce(
      (sum, { name }) => sum + Deno.statSync(join(this.inboxesDirectory, name)).size,
      0,
    );
  }

  /** Closes everything and removes the home. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}

function makeHome(): string {
  try {
    return Deno.makeTempDirSync({ prefix: "nym-network-" });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot create a folder for temporary files (TMPDIR sets where): ${reason}`, { cause });
  }
}

/** Open, so that other programs on this machine can join. */
function directoryConfig(home: string, port: number): DirectoryConfig {
  const config = defaultsOf(DIRECTORY, "local", join(home, ".nym", "directories"));
  return {
    ...config,
    directory: { ...config.directory, listeningAddress: `${HOST}:${port}`, open: true },
    operator: { ...config.operator, listeningAddress: "" },
  };
}

function mixnodeConfig(home: string, port: number, layer: number, directory: string): MixnodeConfig {
  const config = defaultsOf(MIXNODE, `layer${layer}`, join(home, ".nym", "mixnodes"));
  const address = `${HOST}:${port}`;
  return {
    ...config,
    mixnode: {
      ...config.mixnode,
      layer,
      location: "local",
      listeningAddress: address,
      announceAddress: address,
      presenceDirectoryServer: directory,
    },
    operator: { ...config.operator, listeningAddress: "" },
    debug: { ...config.debug, packetForwardingInitialBackoff: FIRST_BACKOFF },
  };
}

function gatewayConfig(
  home: string,
  ports: NetworkPorts,
  directory: string,
  operator: string,
  certificate: CertificateFiles | undefined,
): Config {
  const config = defaultConfig("local", join(home, ".nym", "gateways"));
  const mixnet = `${HOST}:${ports.gatewayMixnet}`;
  const clients = `${HOST}:${ports.gatewayClients}`;
  return {
    ...config,
    gateway: { ...config.gateway, location: "local", presenceDirectoryServer: directory },
    mixnetEndpoint: { ...config.mixnetEndpoint, listeningAddress: mixnet, announceAddress: mixnet },
    clientsEndpoint: {
      ...config.clientsEndpoint,
      listeningAddress: clients,
      announceAddress: `${certificate === undefined ? "ws" : "wss"}://${clients}`,
      tlsCertificate: certificate?.certificate ?? "",
      tlsKey: certificate?.key ?? "",
    },
    operator: { ...config.operator, listeningAddress: operator },
  };
}
