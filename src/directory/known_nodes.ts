import type { SocketAddress } from "../addresses/socket_address.ts";
import { logger } from "../logging/log.ts";
import { plural } from "../text/plural.ts";
import { durationText } from "../text/units.ts";
import { type KeptTopology, TopologyKeeper } from "./kept_topology.ts";
import type { Addresses } from "./listing.ts";
import { NodeAddresses } from "./node_addresses.ts";

const log = logger("nym_gateway::node::presence");

/** The nodes of the last good topology, which packets may be sent to. It is saved, for a start while the directory is down. */
export class KnownNodes {
  readonly #mayConnect: (ip: string) => boolean;
  readonly #signal: AbortSignal;
  readonly #keeper: TopologyKeeper;
  #addresses = NodeAddresses.none();
  /** ms since 1970; undefined without a topology */
  #receivedAt: number | undefined;

  /**
   * No topology yet.
   *
   * @param noun what the nodes are called in the log
   * @param mayConnect whether packets may be sent to a node at this IP address
   * @param signal ends the search for the addresses of names
   * @param keptAt the path of the file with the last good topology
   * @param announced what this gateway announces, to be saved with it; a mixnode does not need it
   */
  constructor(
    private readonly noun: string,
    mayConnect: (ip: string) => boolean,
    signal: AbortSignal,
    keptAt: string,
    announced?: Addresses,
  ) {
    this.#mayConnect = mayConnect;
    this.#signal = signal;
    this.#keeper = new TopologyKeeper(keptAt, announced);
  }

  /** The number of addresses that packets may be sent to. */
  get size(): number {
    return this.#addresses.size;
  }

  /** The number of addresses in the latest topology that packets may not be sent to. */
  get refused(): number {
    return this.#addresses.refused;
  }

  /** The age of the topology, in ms; undefined without one. */
  get age(): number | undefined {
    return this.#receivedAt === undefined ? undefined : Math.max(0, Date.now() - this.#receivedAt);
  }

  /** Whether a node receives packets at `address`. */
  has(address: SocketAddress): boolean {
    return this.#addresses.has(address);
  }

  /** Whether a node has this IP address. */
  hasHost(ip: string): boolean {
    return this.#addresses.hasHost(ip);
  }

  /** Replaces them by those of a topology that was just received: each `host:port`. `signedAt` is in ms since 1970. */
  async replace(hosts: readonly string[], signedAt: number | undefined): Promise<void> {
    this.#addresses = await NodeAddresses.at(hosts, this.#mayConnect, this.#signal, this.#addresses);
    this.#receivedAt = Date.now();
    await this.#keeper.keep(this.#receivedAt, this.#addresses.addresses, signedAt);
  }

  /** Uses a topology that was saved. */
  async restore({ mixnodes, receivedAt }: KeptTopology): Promise<void> {
    this.#addresses = await NodeAddresses.at(mixnodes, this.#mayConnect, this.#signal);
    this.#receivedAt = receivedAt;
    log.info(`using the topology from ${durationText(this.age!)} ago, with ${plural(this.size, this.noun)}`);
  }
}
