import { logger } from "../logging/log.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { type DirectoryClient, DirectoryError, type GatewayPresence } from "./client.ts";
import { retryDelays } from "../timing/backoff.ts";
import { pause } from "../timing/pause.ts";
import { addressClash, mixnodeAddresses, type Topology } from "../protocol/topology.ts";

/** ms between two looks at the topology */
export const TOPOLOGY_REFRESH = 30_000;

const log = logger("nym_gateway::node::presence");

/** All in ms. */
export interface PresenceTimings {
  sendingDelay: number;
  topologyRefresh: number;
  /** the wait after a first failure; it doubles from one failure to the next … */
  firstRetry: number;
  /** … up to this */
  maximumRetry: number;
}

/** The timings of a gateway that sends its presence every `sendingDelay` ms. */
export function presenceTimings(sendingDelay: number): PresenceTimings {
  return { sendingDelay, topologyRefresh: TOPOLOGY_REFRESH, firstRetry: 1000, maximumRetry: 30_000 };
}

/**
 * Keeps the directory aware of this gateway and this gateway aware of the mixnodes. A directory that is down, slow or
 * answers rubbish is never a reason to stop serving: the last good topology stays in use, and attempts go on.
 */
export class Presence {
  readonly #directory: DirectoryClient;
  readonly #self: GatewayPresence;
  readonly #registeredClients: () => readonly { pubKey: string }[];
  readonly #timings: PresenceTimings;
  readonly #stopping = new AbortController();
  readonly #failing = new Set<string>();
  #loops: Promise<void>[] = [];
  #topology: Topology = { mixNodes: [], gatewayNodes: [] };
  #mixnodes = new Set<string>();
  #mixnodeHosts = new Set<string>();
  #announced: { clients: readonly { pubKey: string }[]; body: string } | undefined;

  /**
   * `registeredClients` is asked before each announcement. As long as it returns the same array, the announcement is
   * not made anew: it is sent every 1.5 s and may have to list very many clients.
   */
  constructor(
    directory: DirectoryClient,
    self: GatewayPresence,
    registeredClients: () => readonly { pubKey: string }[],
    timings: PresenceTimings,
  ) {
    this.#directory = directory;
    this.#self = self;
    this.#registeredClients = registeredClients;
    this.#timings = timings;
  }

  /** The last topology that the directory gave; empty until it gave one. */
  get topology(): Topology {
    return this.#topology;
  }

  /** Whether the directory did its part when it was last asked. */
  get isReachable(): boolean {
    return this.#failing.size === 0;
  }

  /** Whether a mixnode of the current topology listens at `address`. */
  isMixnode(address: SocketAddress): boolean {
    return this.#mixnodes.has(formatSocketAddress(address));
  }

  /** Whether a mixnode of the current topology has this IP address. */
  readonly isMixnodeHost = (host: string): boolean => this.#mixnodeHosts.has(host);

  /**
   * Looks at the topology once, before this gateway announces itself. Throws an OperatorError when another gateway
   * already announces one of our addresses (spec §6); a directory that can't tell is only a warning.
   */
  async refuseAddressClash(): Promise<void> {
    if (!await this.#attempt("topology", () => this.#refreshTopology())) return;
    const { pubKey, mixnetListener, clientListener } = this.#self;
    const clash = addressClash(this.#topology, pubKey, mixnetListener, clientListener);
    if (clash === undefined) return;
    const [whom, section] = clash.kind === "mixnet" ? ["sphinx", "mixnet_endpoint"] : ["clients", "clients_endpoint"];
    throw new OperatorError(
      `Cannot announce ${clash.address} for ${whom} packets: the gateway with public key ${clash.pubKey} announces it ` +
        `already (directory ${this.#directory.url}); stop that gateway, or set another announce_address in [${section}]`,
      ExitCode.UNAVAILABLE,
    );
  }

  /** Begins to announce this gateway and to follow the topology, until disposed. */
  start(): void {
    const { sendingDelay, topologyRefresh } = this.#timings;
    this.#loops = [
      this.#repeat("presence", sendingDelay, () => this.#announce()),
      this.#repeat("topology", topologyRefresh, () => this.#refreshTopology()),
    ];
  }

  /** Ends requests that are under way, and waits for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  async #repeat(activity: string, interval: number, request: () => Promise<void>): Promise<void> {
    const { firstRetry, maximumRetry } = this.#timings;
    let delays = retryDelays(firstRetry, maximumRetry);
    while (!this.#stopping.signal.aborted) {
      const succeeded = await this.#attempt(activity, request);
      if (succeeded) delays = retryDelays(firstRetry, maximumRetry);
      await pause(succeeded ? interval : delays.next().value, this.#stopping.signal);
    }
  }

  /** Makes a request and notes whether the directory did its part: its first failure and its recovery are logged. */
  async #attempt(activity: string, request: () => Promise<void>): Promise<boolean> {
    try {
      await request();
    } catch (error) {
      if (this.#stopping.signal.aborted) return false;
      if (!(error instanceof DirectoryError)) throw error;
      if (this.#failing.size === 0) {
        log.warn(`directory ${this.#directory.url} unreachable: ${error.message}; trying on`);
      }
      this.#failing.add(activity);
      return false;
    }
    if (this.#failing.delete(activity) && this.#failing.size === 0) {
      log.info(`directory ${this.#directory.url} answers again`);
    }
    return true;
  }

  async #announce(): Promise<void> {
    const clients = this.#registeredClients();
    if (this.#announced?.clients !== clients) {
      this.#announced = {
        clients,
        body: JSON.stringify({ ...this.#self, registeredClients: clients, lastSeen: 0 }),
      };
    }
    await this.#directory.announce(this.#announced.body, this.#stopping.signal);
  }

  async #refreshTopology(): Promise<void> {
    this.#topology = await this.#directory.topology(this.#stopping.signal);
    const addresses = mixnodeAddresses(this.#topology);
    this.#mixnodes = new Set(addresses.map(formatSocketAddress));
    this.#mixnodeHosts = new Set(addresses.map(({ host }) => host));
  }
}
