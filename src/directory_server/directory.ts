import { ed25519 } from "@noble/curves/ed25519.js";
import { dirname } from "node:path";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import type { DirectoryConfig } from "../config/config.ts";
import { requesterNetwork } from "../clients/requester.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { openOperatorEndpoint } from "../node/operator_endpoint.ts";
import { Reloads } from "../node/reloads.ts";
import { Health } from "../operator/health.ts";
import { gaugesOf } from "./gauges.ts";
import { checksOf } from "./health_checks.ts";
import { DIRECTORY_METRICS } from "./metric_table.ts";
import type { Parts } from "./parts.ts";
import { type Changes, takeOver } from "../config/reloading.ts";
import { Counters } from "../counting/counters.ts";
import { opened } from "../errors/opened.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { countLostLines, logger } from "../logging/log.ts";
import { lockFolder } from "../files/lock.ts";
import { listen } from "../node/listening.ts";
import { parseTopology, type Topology } from "../protocol/topology.ts";
import { LastingServer } from "../serving/lasting_server.ts";
import { certificateFiles, readCertificate } from "../tls/certificate.ts";
import { CertificateRenewal } from "../tls/renewal.ts";
import { Api } from "./api.ts";
import type { DirectoryCounterName } from "./counter_table.ts";
import { Door } from "./door.ts";
import { type Decision, Registry } from "./registry.ts";
import { Store } from "./store.ts";
import { topologyText } from "./topologies.ts";

/** ms between two writes of what no request waits for: nodes that are no longer listed */
const WRITE_INTERVAL = 1000;
/** Where the server listens: only the door connects to it. */
const BEHIND_THE_DOOR = { host: "127.0.0.1", port: 0 };

/** The name of what is opened, in errors. */
const STATE = "directory's state";

const log = logger("nym_gateway::directory");

/**
 * The map of the directory: opens all parts, hands them to each other as functions, and closes them.
 *
 * node or client → Door → LastingServer → Api → Registry → Store
 */
export class Directory implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly counters: Counters<DirectoryCounterName>,
    /** where it listens, with the actual port */
    readonly address: SocketAddress,
    /** undefined without an operator's endpoint */
    readonly operatorAddress: SocketAddress | undefined,
    private readonly running: Parts,
    private readonly health: Health,
  ) {}

  /**
   * Resolves when it listens. `signingKey`: Ed25519, 32 bytes; `now`: a clock in ms since 1970.
   * @throws {OperatorError} for a problem that the operator can fix
   */
  static async start(configured: DirectoryConfig, signingKey: Uint8Array, now = Date.now): Promise<Directory> {
    const config = structuredClone(configured); // ours to change when it is loaded again
    const { directory, limits } = config;
    const counters = new Counters<DirectoryCounterName>();
    const count = counters.add;
    countLostLines((lines) => count("log_lines_dropped", lines));
    await using starting = new AsyncDisposableStack();
    // What is used first is closed last: requests end before what they change.

    starting.use(await lockState(directory.stateFile));
    const store = starting.use(await openStore(directory.stateFile));
    const registry = new Registry(() => ({ ...limits, open: directory.open }), await store.read(now()), now());
    const rules = {
      name: directory.id,
      get listClients() {
        return directory.listClients;
      },
      requestsPerSecondPerNetwork: limits.requestsPerSecondPerNetwork,
      newNodesPerHourPerNetwork: limits.newNodesPerHourPerNetwork,
    };
    const keys = { privateKey: signingKey, publicKey: ed25519.getPublicKey(signingKey) };
    const api = new Api(registry, store, keys, rules, count, now);
    starting.defer(async () => void await api.write());
    const writing = setInterval(() => {
      registry.versionAt(now());
      void api.write();
    }, WRITE_INTERVAL);
    starting.defer(() => clearInterval(writing));

    let door: Door | undefined = undefined; // until it is open
    const server = starting.use(
      new LastingServer(BEHIND_THE_DOOR, {
        answer(request, { port }) {
          const peer = door?.requestFrom(port);
          if (peer === undefined) return new Response(null, { status: 403 }); // a program that bypassed the door
          const network = requesterNetwork(peer, request.headers, door!.proxies.include);
          if (network === undefined) return new Response("Forwarded is not valid.\n", { status: 400 });
          return api.answer(request, { network, confirm: () => door!.confirm(port) });
        },
        failed: () => new Response(null, { status: 400 }), // its connection is broken: nothing else here can fail
        ended: (reason) => {
          count("accept_errors");
          log.error(`The server behind the door has ended, restarting it: ${reason}`);
        },
      }),
    );
    const files = certificateFiles(directory);
    const certificate = files && readCertificate(files);
    door = starting.use(listen(
      "nodes and clients",
      "listening_address in [directory]",
      directory.listeningAddress,
      (address) => new Door(address, certificate, () => server.address, limits, count),
    ));
    const reloads = new Reloads();
    const renewal = files &&
      starting.use(new CertificateRenewal(files, certificate!, (renewed) => door!.renew(renewed)));
    const parts: Parts = { config, registry, api, door, reloads, renewal, now };
    const health = starting.use(new Health(checksOf(parts)));
    health.watch();
    const scheme = files === undefined ? "http" : "https";
    const operator = starting.use(
      openOperatorEndpoint(config, {
        kind: "directory",
        metrics: DIRECTORY_METRICS,
        counters,
        histograms: {},
        gauges: gaugesOf(parts),
        health,
        name: directory.id,
        location: "unknown",
        identity: {
          publicKey: encodeBase58(keys.publicKey),
          listening: `${scheme}://${formatSocketAddress(door.address)}`,
        },
        decisions: () => registry.decisions,
      }),
    );
    log.info(`Listening for nodes and clients at ${scheme}://${formatSocketAddress(door.address)}`);
    return new Directory(starting.move(), counters, door.address, operator?.address, parts, health);
  }

  /** The base URL, without a trailing slash. */
  get url(): string {
    const { host, port } = this.address;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const scheme = this.running.config.directory.tlsCertificate === "" ? "http" : "https";
    return `${scheme}://${formatSocketAddress({ host: reachable, port })}`;
  }

  /** Its state on one line, as in `3 mixnodes, 1 gateway`. */
  get summary(): string {
    return this.running.registry.summary;
  }

  /** The nodes that are listed now. */
  topology(): Topology {
    return parseTopology(JSON.parse(topologyText(this.running.registry.entries(this.running.now()), true)))!;
  }

  /**
   * Takes the operator's word on a node (registry.ts); resolves once it is on the disk.
   * @throws {OperatorError} if it can't be kept
   */
  async decide(key: string, decision: Decision | undefined): Promise<void> {
    if (!this.running.registry.decide(key, decision)) throw tooManyDecisions();
    if (!await this.running.api.write()) {
      throw new OperatorError(
        "The decision is in force, but cannot be written: the log says why",
        ExitCode.INPUT_OUTPUT,
      );
    }
  }

  /**
   * Applies the reloadable changes in the configuration that `read` returns, and renewed certificates.
   * @throws {OperatorError} if it cannot be read, or a certificate or key is invalid; nothing is changed then
   */
  reload(read: () => DirectoryConfig): Changes {
    const { reloads, renewal, config: running } = this.running;
    try {
      return reloads.attempt(() => {
        const config = read();
        const files = certificateFiles(config.directory);
        if (files !== undefined) renewal?.reload(files);
        return takeOver(running, config);
      });
    } finally {
      this.health.renew();
    }
  }

  /** Stops accepting, ends all connections, and writes what has changed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}

/** Locks the folder of the state file. @throws {OperatorError} if another directory uses it, or it can't be locked */
async function lockState(stateFile: string): Promise<Disposable> {
  const lock = (path: string) => lockFolder(path, "another running directory is using it", log.warn);
  return await opened(STATE, dirname(stateFile), lock);
}

/** @throws {OperatorError} if it can't be opened */
async function openStore(stateFile: string): Promise<Store> {
  return await opened(STATE, stateFile, (path) => Store.open(path));
}

/**
 * Takes the operator's word on a node while the directory with this configuration is not running.
 * @throws {OperatorError} if it is running, or its state can't be written
 */
export async function decideOffline(
  { directory }: DirectoryConfig,
  key: string,
  decision: Decision | undefined,
): Promise<void> {
  const { stateFile } = directory;
  using _lock = await lockState(stateFile);
  using store = await openStore(stateFile);
  const rules = { open: true, mixnodes: 0, gateways: 0, nodesPerNetwork: 0, clientsBytes: 0 };
  const registry = new Registry(() => rules, await store.read(0), 0);
  if (!registry.decide(key, decision)) throw tooManyDecisions();
  await store.write(registry);
}

function tooManyDecisions(): OperatorError {
  return new OperatorError("There are too many decisions: no more keys can be added", ExitCode.UNAVAILABLE);
}
