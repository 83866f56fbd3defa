import type { SocketAddress } from "../addresses/socket_address.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { logger } from "../logging/log.ts";
import { Announcer, type NodeKeys } from "./announcer.ts";
import type { DirectoryClient, GatewayPresence } from "./client.ts";
import { DirectoryContact, type RetryTimings } from "./contact.ts";
import { readKeptTopology } from "./kept_topology.ts";
import { KnownNodes } from "./known_nodes.ts";
import { type Addresses, announcesSame, type Clash, type GatewayListing, listingOf } from "./listing.ts";
import { type ListingFaults, ListingWatch } from "./listing_watch.ts";
import { isGatewayAt } from "./other_gateway.ts";

/** ms between two long announcements: the directory forgets a gateway after 10 s, so one may be lost */
const LONG_DELAY = 4500;
/** ms between two requests for the topology */
const TOPOLOGY_REFRESH = 30_000;
/** ms for the first topology: a longer start may count as failed */
export const FIRST_TOPOLOGY = 20_000;

const log = logger("nym_gateway::node::presence");

/** A longer announcement, in bytes, counts as long. */
const LONG = 4096;

/** What can be wrong with a gateway's listing. */
export const GATEWAY_FAULTS: ListingFaults<Addresses, Clash> = {
  double: ({ mixnetListener, clientListener }) =>
    `another gateway has this gateway's key: the directory lists it with ${mixnetListener} and ` +
    `${clientListener}. Mail may go there; stop one of them, or give one of them a new key`,
  missing: "the directory does not list this gateway, although it accepts its announcements",
  clash: ({ kind, address, pubKey }) =>
    `the gateway with public key ${pubKey} announces our ${
      kind === "mixnet" ? "mixnet address" : "clients' address"
    } ` +
    `${address} too: one of the two gateways is misconfigured, or somebody posted a false entry to the directory`,
};

/** All in ms. */
export interface PresenceTimings extends RetryTimings {
  /** between announcements */
  sendingDelay: number;
  /** between announcements that are long and have not changed */
  longDelay: number;
  /** between requests for the topology */
  topologyRefresh: number;
  /** that the first topology may take: until then, the node does not listen */
  firstTopology: number;
}

/** The timings of a node that sends its presence every `sendingDelay` ms. */
export function presenceTimings(sendingDelay: number): PresenceTimings {
  return {
    sendingDelay,
    longDelay: LONG_DELAY,
    topologyRefresh: TOPOLOGY_REFRESH,
    firstTopology: FIRST_TOPOLOGY,
    firstRetry: 1000,
    maximumRetry: 30_000,
  };
}

/** What presence needs from the gateway. */
export interface PresenceContext {
  /** what is announced, apart from the clients */
  readonly self: GatewayPresence;
  /** those of the gateway, whose public key is announced */
  readonly keys: NodeKeys;
  /** called before each announcement; as long as it returns the same array, the announcement is the same */
  readonly announcedClients: () => readonly { pubKey: string }[];
  /** whether packets may be sent to a mixnode at this IP address */
  readonly mayConnect: (ip: string) => boolean;
  /** the path of the file with the last good topology */
  readonly keptAt: string;
  /** whether to refuse to start if another gateway announces one of our addresses, even if it does not answer there */
  readonly refuseAnyClash: boolean;
}

/**
 * Announces this gateway to the directory, and learns of mixnodes from it. A directory that is down, slow or answers with
 * garbage is never a reason to stop serving: the last good topology stays in use, even across a restart, and requests are
 * retried. Nor is anything that anyone can post there: that is a warning.
 */
export class Presence {
  readonly #directory: DirectoryClient;
  readonly #context: PresenceContext;
  readonly #timings: PresenceTimings;
  readonly #contact: DirectoryContact;
  readonly #announcer: Announcer;
  readonly #mixnodes: KnownNodes;
  /** what an earlier run announced; undefined once the directory has accepted an announcement of this run */
  #before: Addresses | undefined;
  #hasAnnounced = false;
  readonly #watch = new ListingWatch(GATEWAY_FAULTS, (fault) => log.warn(fault));
  #refused = 0;
  /** `at`: when it was last sent */
  #announced: { clients: readonly { pubKey: string }[]; body: string; at: number } | undefined;

  /** Makes no request before {@linkcode prepare} and {@linkcode start}. */
  constructor(directory: DirectoryClient, context: PresenceContext, timings: PresenceTimings) {
    this.#directory = directory;
    this.#context = context;
    this.#timings = timings;
    this.#contact = new DirectoryContact(directory, timings);
    this.#announcer = new Announcer(directory, "gateways", context.keys);
    const { mayConnect, keptAt, self: { mixnetListener, clientListener } } = context;
    const announced = { mixnetListener, clientListener };
    this.#mixnodes = new KnownNodes("mixnode", mayConnect, this.#contact.signal, keptAt, announced);
  }

  /** The number of mixnodes that packets may be sent to. */
  get mixnodes(): number {
    return this.#mixnodes.size;
  }

  /** Why a latest request to the directory failed; undefined if none did. */
  get failure(): string | undefined {
    return this.#contact.failure;
  }

  /** The age (ms) of the topology in use; undefined without one. */
  get topologyAge(): number | undefined {
    return this.#mixnodes.age;
  }

  /** Whether the directory lists this gateway as it announces itself; undefined while unknown. */
  get isListed(): boolean | undefined {
    return this.#watch.isListed;
  }

  /** What is wrong with the directory's listing of this gateway, for the operator; undefined if nothing is. */
  get fault(): string | undefined {
    return this.#watch.fault;
  }

  /** Whether a mixnode of the current topology listens at `address`. */
  isMixnode(address: SocketAddress): boolean {
    return this.#mixnodes.has(address);
  }

  /** Whether a mixnode of the current topology has this IP address. */
  readonly isMixnodeHost = (ip: string): boolean => this.#mixnodes.hasHost(ip);

  /**
   * Requests the topology once, before this gateway listens or announces itself; uses the saved one if the directory
   * fails. If another gateway has an entry with one of our addresses, which anyone can post, that is only a warning,
   * unless the operator wants it otherwise.
   *
   * @throws {OperatorError} if another gateway announces our clients' address and serves clients there (spec §6)
   */
  async prepare(): Promise<void> {
    const kept = await readKeptTopology(this.#context.keptAt);
    this.#before = kept?.announced;
    this.#directory.refuseBefore(kept?.signedAt ?? 0);
    let listing: GatewayListing | undefined;
    const isUpToDate = await this.#contact.attempt(
      "topology",
      async () => void (listing = await this.#refreshTopology(this.#timings.firstTopology)),
    );
    if (!isUpToDate && kept !== undefined) await this.#mixnodes.restore(kept);
    const clash = listing?.clash;
    if (clash === undefined) return;
    // We are not listening yet, so a gateway that answers there is another one, or one that shares our key and address,
    // which the directory then lists. There is no way to find out who is at a mixnet address, which never answers.
    const isOthers = clash.kind === "clients" && !listing!.isOwnAsAnnounced && await isGatewayAt(clash.address);
    if (!isOthers && !this.#context.refuseAnyClash) return;
    const [whom, section] = clash.kind === "mixnet"
      ? ["sphinx packets", "mixnet_endpoint"]
      : ["clients", "clients_endpoint"];
    throw new OperatorError(
      `Cannot announce ${clash.address} for ${whom}: the gateway with public key ${clash.pubKey} announces it ` +
        `already (directory ${this.#directory.url}); stop that gateway, or set another announce_address in [${section}]`,
      ExitCode.UNAVAILABLE,
    );
  }

  /** Announces this gateway and refreshes the topology from now on, until disposed. */
  start(): void {
    const { sendingDelay, topologyRefresh } = this.#timings;
    this.#contact.repeat("presence", sendingDelay, () => this.#announce());
    this.#contact.repeat("topology", topologyRefresh, async () => void await this.#refreshTopology());
  }

  /** Aborts pending requests, and waits for them to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#contact[Symbol.asyncDispose]();
  }

  /** An announcement replaces the previous one at the directory, so each contains all clients. */
  async #announce(): Promise<void> {
    const clients = this.#context.announcedClients();
    if (this.#announced?.clients !== clients) {
      const body = JSON.stringify({ ...this.#context.self, registeredClients: clients, lastSeen: 0 });
      this.#announced = { clients, body, at: -Infinity };
    }
    const { body, at } = this.#announced;
    const now = performance.now();
    if (body.length > LONG && now - at < this.#timings.longDelay) return;
    await this.#announcer.announce(body, this.#contact.signal);
    this.#announced.at = now;
    this.#hasAnnounced = true;
  }

  async #refreshTopology(within?: number): Promise<GatewayListing> {
    const mustBeListed = this.#hasAnnounced;
    if (mustBeListed) this.#before = undefined; // entries are newer from now on
    const { topology, isWhole, signedAt } = await this.#directory.topology(this.#contact.signal, within);
    await this.#mixnodes.replace(topology.mixNodes.map(({ host }) => host), signedAt);
    this.#reportRefused(this.#mixnodes.refused);
    const listing = await listingOf(this.#context.self, topology.gatewayNodes);
    const { own } = listing;
    const isLeftOver = own !== undefined && this.#before !== undefined && announcesSame(own, this.#before);
    this.#watch.look(listing, isLeftOver, mustBeListed && isWhole);
    return listing;
  }

  /** Warns once, and again if the number grows. */
  #reportRefused(refused: number): void {
    if (refused > this.#refused) {
      log.warn(
        `ignoring ${refused} of the directory's mixnodes: their addresses are this gateway's own, or not on the ` +
          "internet (allow_private_mixnodes in [mixnet_endpoint])",
      );
    }
    this.#refused = refused;
  }
}
