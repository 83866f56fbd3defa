import type { SocketAddress } from "../addresses/socket_address.ts";
import { ExitCode, OperatorError, reasonOf } from "../errors/operator_error.ts";
import { logger } from "../logging/log.ts";
import { durationText } from "../text/units.ts";
import type { DirectoryClient, GatewayPresence } from "./client.ts";
import { DirectoryContact, type RetryTimings } from "./contact.ts";
import { readKeptTopology, writeKeptTopology } from "./kept_topology.ts";
import { type Addresses, type Listing, listingOf } from "./listing.ts";
import { ListingWatch } from "./listing_watch.ts";
import { Mixnodes } from "./mixnodes.ts";
import { isGatewayAt } from "./other_gateway.ts";

/** ms between two long announcements: the directory forgets a gateway after 10 s, so one of them may be lost */
const LONG_DELAY = 4500;
/** ms between two looks at the topology */
export const TOPOLOGY_REFRESH = 30_000;
/** The topology is kept on disk when it has changed, and as often as this (ms), for its age. */
const KEEPING_INTERVAL = 10 * 60_000;

const log = logger("nym_gateway::node::presence");

/** An announcement of more bytes is long. */
const LONG = 4096;

/** All in ms. */
export interface PresenceTimings extends RetryTimings {
  sendingDelay: number;
  /** a long announcement that has not changed is sent this often */
  longDelay: number;
  topologyRefresh: number;
}

/** The timings of a gateway that sends its presence every `sendingDelay` ms. */
export function presenceTimings(sendingDelay: number): PresenceTimings {
  return {
    sendingDelay,
    longDelay: LONG_DELAY,
    topologyRefresh: TOPOLOGY_REFRESH,
    firstRetry: 1000,
    maximumRetry: 30_000,
  };
}

/** What presence needs of the gateway. */
export interface PresenceContext {
  readonly self: GatewayPresence;
  /** asked before each announcement; as long as it returns the same array, the announcement is the same */
  readonly announcedClients: () => readonly { pubKey: string }[];
  /** whether packets may be sent to a mixnode at this IP address */
  readonly mayConnect: (ip: string) => boolean;
  /** the file for the last good topology */
  readonly keptAt: string;
  /** whether not to start when another gateway announces one of our addresses, though it can't be seen to be there */
  readonly refuseAnyClash: boolean;
}

/**
 * Keeps the directory aware of this gateway and this gateway aware of the mixnodes. A directory that is down, slow or
 * answers rubbish is never a reason to stop serving: the last good topology stays in use, over a restart too, and
 * attempts go on. Nor is what anybody may post there: it is a warning.
 */
export class Presence {
  readonly #directory: DirectoryClient;
  readonly #context: PresenceContext;
  readonly #timings: PresenceTimings;
  readonly #contact: DirectoryContact;
  #mixnodes = Mixnodes.none();
  /** when they came, ms since 1970; undefined: they never did */
  #receivedAt: number | undefined;
  /** what was announced when this gateway ran last; undefined once the directory has heard of it since */
  #before: Addresses | undefined;
  #hasAnnounced = false;
  readonly #watch = new ListingWatch((fault) => log.warn(fault));
  #written = { at: -Infinity, mixnodes: "" };
  #isKeepingFailing = false;
  #refused = 0;
  /** `at`: when it was sent last */
  #announced: { clients: readonly { pubKey: string }[]; body: string; at: number } | undefined;

  constructor(directory: DirectoryClient, context: PresenceContext, timings: PresenceTimings) {
    this.#directory = directory;
    this.#context = context;
    this.#timings = timings;
    this.#contact = new DirectoryContact(directory, timings);
  }

  /** Mixnodes that packets may go to. */
  get mixnodes(): number {
    return this.#mixnodes.size;
  }

  /** Whether the directory did its part when it was last asked. */
  get isReachable(): boolean {
    return this.#contact.isReachable;
  }

  /** How old (ms) the topology in use is; undefined if there is none. */
  get topologyAge(): number | undefined {
    return this.#receivedAt === undefined ? undefined : Math.max(0, Date.now() - this.#receivedAt);
  }

  /** Whether the directory lists this gateway as it announces itself; undefined until it has heard of it. */
  get isListed(): boolean | undefined {
    return this.#watch.isListed;
  }

  /** What is wrong with what the directory says of this gateway, if anything. */
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
   * Looks at the topology once, before this gateway listens or announces itself; what was kept is used where the
   * directory fails. Throws an OperatorError when another gateway already announces our clients' address and serves
   * clients there (spec §6). An entry alone, which anyone may post, is a warning, unless the operator wants it otherwise.
   */
  async prepare(): Promise<void> {
    const kept = await readKeptTopology(this.#context.keptAt);
    this.#before = kept?.announced;
    let listing: Listing | undefined;
    const isUpToDate = await this.#contact.attempt(
      "topology",
      async () => void (listing = await this.#refreshTopology()),
    );
    if (!isUpToDate && kept !== undefined) {
      this.#mixnodes = await Mixnodes.at(kept.mixnodes, this.#context.mayConnect, this.#contact.signal);
      this.#receivedAt = kept.receivedAt;
      log.info(`using the topology of ${durationText(this.topologyAge!)} ago, with ${this.mixnodes} mixnodes`);
    }
    const clash = listing?.clash;
    if (clash === undefined) return;
    // We don't listen yet. So what answers there as a gateway is another one; or one that shares our key and the address,
    // but then the directory lists it. Who is at a mixnet address cannot be found out, as nothing is ever sent there.
    const isOthers = clash.kind === "clients" && !listing!.isOwnAsAnnounced && await isGatewayAt(clash.address);
    if (!isOthers && !this.#context.refuseAnyClash) return;
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
    this.#contact.repeat("presence", sendingDelay, () => this.#announce());
    this.#contact.repeat("topology", topologyRefresh, async () => void await this.#refreshTopology());
  }

  /** Ends requests that are under way, and waits for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#contact[Symbol.asyncDispose]();
  }

  /** An announcement replaces the one before at the directory, so each has the clients in it. */
  async #announce(): Promise<void> {
    const clients = this.#context.announcedClients();
    if (this.#announced?.clients !== clients) {
      const body = JSON.stringify({ ...this.#context.self, registeredClients: clients, lastSeen: 0 });
      this.#announced = { clients, body, at: -Infinity };
    }
    const { body, at } = this.#announced;
    const now = performance.now();
    if (body.length > LONG && now - at < this.#timings.longDelay) return;
    await this.#directory.announce("gateways", body, this.#contact.signal);
    this.#announced.at = now;
    this.#hasAnnounced = true;
  }

  async #refreshTopology(): Promise<Listing> {
    const { mayConnect, self } = this.#context;
    const mustBeListed = this.#hasAnnounced;
    if (mustBeListed) this.#before = undefined; // what is listed from now on is newer
    const { topology, isWhole } = await this.#directory.topology(this.#contact.signal);
    const hosts = topology.mixNodes.map(({ host }) => host);
    this.#mixnodes = await Mixnodes.at(hosts, mayConnect, this.#contact.signal);
    this.#receivedAt = Date.now();
    this.#reportRefused(this.#mixnodes.refused);
    await this.#keep(this.#receivedAt);
    const listing = await listingOf(self, topology.gatewayNodes);
    this.#watch.look(listing, this.#before, mustBeListed && isWhole);
    return listing;
  }

  /** Once, and again when there are more. */
  #reportRefused(refused: number): void {
    if (refused > this.#refused) {
      log.warn(
        `${refused} of the directory's mixnodes are not sent to: their addresses are this gateway's own, or not on the ` +
          "internet (allow_private_mixnodes in [mixnet_endpoint])",
      );
    }
    this.#refused = refused;
  }

  async #keep(receivedAt: number): Promise<void> {
    const { addresses } = this.#mixnodes;
    const mixnodes = addresses.join();
    if (addresses.length === 0) return; // as right after the start of a directory: what is kept is of more use
    if (mixnodes === this.#written.mixnodes && receivedAt - this.#written.at < KEEPING_INTERVAL) return;
    const { mixnetListener, clientListener } = this.#context.self;
    const announced = { mixnetListener, clientListener };
    try {
      await writeKeptTopology(this.#context.keptAt, { receivedAt, mixnodes: addresses, announced });
      this.#written = { at: receivedAt, mixnodes };
      this.#isKeepingFailing = false;
    } catch (error) {
      if (!this.#isKeepingFailing) log.warn(`cannot keep the topology for the next start: ${reasonOf(error)}`);
      this.#isKeepingFailing = true;
    }
  }
}
