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
import type { Gateway } from "../gateway/gateway.ts";
import type { Connect } from "../mixnet/mixnode_link.ts";
import type { Mixnode } from "../mixnode/mixnode.ts";
import { type CertificateFiles, readCertificate } from "../tls/certificate.ts";
import { makeCertificate } from "./certificate.ts";
import { type LocalGateway, startLocalGateway } from "./local_gateway.ts";
import { LocalMixnode } from "./local_mixnode.ts";
import { type GatewayPorts, LAYERS, type NetworkPorts, refusePortsInUse } from "./ports.ts";
import { until } from "./until.ts";

/** where everything of a local network listens */
export const HOST = "127.0.0.1";
/** of the key with which the directory signs topologies, in bytes */
const KEY_SIZE = 32;
/** Between attempts to connect to a node, in ms. After the longest one, the packets that wait for it are dropped. */
const BACKOFF = { packetForwardingInitialBackoff: 250, packetForwardingMaximumBackoff: 1000 };
/** ms to wait for nodes to announce themselves */
export const ANNOUNCE_TIMEOUT = 30_000;

/** Options of a network. */
export interface NetworkOptions {
  /** address of the gateways' status pages (`ip:port`), with port 0 if there are several; "" for none */
  readonly operator?: string;
  /** whether clients use https and wss, with a certificate made for this network */
  readonly withTls?: boolean;
  /** the folder in which its home is made; without it, that for temporary files */
  readonly folder?: string;
  /** What a node connects to the next ones by, for someone who wants to watch. `host` is the node's own, for the mixnet. */
  readonly connectFrom?: (host: string) => Connect;
}

/**
 * A whole mixnet on this machine: a directory, mixnodes in each layer and gateways, with real sockets and a temporary
 * home. The ports say how many.
 */
export class Network {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly directory: Directory,
    /** where clients find the directory: its base URL, without a trailing slash */
    readonly directoryUrl: string,
    /** undefined without TLS */
    readonly certificate: CertificateFiles | undefined,
    /** one in each layer, from the first on; then the second ones of each layer, and so on */
    readonly localMixnodes: readonly LocalMixnode[],
    readonly gateways: readonly LocalGateway[],
  ) {}

  /**
   * Resolves when the directory lists all nodes. Throws a PortInUse, or the signal's reason once that is aborted; it
   * leaves nothing behind in that case.
   */
  static async start(
    ports: NetworkPorts,
    signal: AbortSignal,
    { operator = "", withTls = false, folder, connectFrom }: NetworkOptions = {},
  ): Promise<Network> {
    refusePortsInUse(ports);
    await using starting = new AsyncDisposableStack();
    const home = starting.adopt(makeHome(folder), (folder) => Deno.remove(folder, { recursive: true }));
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
    const mixnodes: LocalMixnode[] = [];
    for (const [i, port] of ports.mixnodes.entries()) {
      const config = mixnodeConfig(home, port, i, directory.url);
      const { announceAddress } = config.mixnode;
      mixnodes.push(starting.use(await LocalMixnode.start(config, connectFrom?.(announceAddress))));
    }
    // The mixnodes come first: a gateway forwards only to those in the topology that it fetched last.
    await until(
      () => directory.topology().mixNodes.length === mixnodes.length,
      ANNOUNCE_TIMEOUT,
      () => "The mixnodes have not announced themselves to the directory",
      signal,
    );

    const gateways: LocalGateway[] = [];
    for (const [i, gatewayPorts] of ports.gateways.entries()) {
      const config = gatewayConfig(home, i, gatewayPorts, directory.url, operator, certificate);
      const { announceAddress } = config.mixnetEndpoint;
      gateways.push(starting.use(await startLocalGateway(config, connectFrom?.(announceAddress))));
    }
    await until(
      () => directory.topology().gatewayNodes.length === gateways.length,
      ANNOUNCE_TIMEOUT,
      () => "The gateways have not announced themselves to the directory",
      signal,
    );
    await Promise.all(mixnodes.map(({ running }) => running?.presence.lookAgain())); // now that all are listed
    return new Network(starting.move(), directory, directoryUrl, certificate, mixnodes, gateways);
  }

  /** Those that are not switched off. */
  get mixnodes(): Mixnode[] {
    return this.localMixnodes.flatMap(({ running }) => running ?? []);
  }

  /** The first gateway. */
  get gateway(): Gateway {
    return this.gateways[0]!.gateway;
  }

  /** The first gateway's key, base58. */
  get gatewayKey(): string {
    return this.gateways[0]!.key;
  }

  /** Where the first gateway keeps its clients' messages. */
  get inboxesDirectory(): string {
    return this.gateways[0]!.inboxesDirectory;
  }

  /** Bytes that the first gateway's mailbox occupies on disk. */
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

/** A folder for the files of a local network, in `dir` or the usual folder for temporary files. */
export function makeHome(dir?: string): string {
  try {
    return Deno.makeTempDirSync({ prefix: "nym-network-", ...(dir !== undefined && { dir }) });
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

/** Of the mixnode with a number, from 0: it says the layer. */
function mixnodeConfig(home: string, port: number, number: number, directory: string): MixnodeConfig {
  const config = defaultsOf(MIXNODE, `mixnode${number + 1}`, join(home, ".nym", "mixnodes"));
  const address = `${HOST}:${port}`;
  return {
    ...config,
    mixnode: {
      ...config.mixnode,
      layer: number % LAYERS + 1,
      location: "local",
      listeningAddress: address,
      announceAddress: address,
      presenceDirectoryServer: directory,
    },
    operator: { ...config.operator, listeningAddress: "" },
    debug: { ...config.debug, ...BACKOFF },
  };
}

function gatewayConfig(
  home: string,
  number: number,
  ports: GatewayPorts,
  directory: string,
  operator: string,
  certificate: CertificateFiles | undefined,
): Config {
  const config = defaultConfig(`gateway${number + 1}`, join(home, ".nym", "gateways"));
  const mixnet = `${HOST}:${ports.mixnet}`;
  const clients = `${HOST}:${ports.clients}`;
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
    debug: { ...config.debug, ...BACKOFF },
  };
}
