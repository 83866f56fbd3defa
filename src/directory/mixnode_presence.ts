import { destinationOf } from "../addresses/kind_of_address.ts";
import { formatSocketAddress, parseSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { logger } from "../logging/log.ts";
import type { Mixnode } from "../protocol/topology.ts";
import { pause } from "../timing/pause.ts";
import { Announcer, type NodeKeys } from "./announcer.ts";
import type { DirectoryClient } from "./client.ts";
import { DirectoryContact } from "./contact.ts";
import { readKeptTopology } from "./kept_topology.ts";
import { KnownNodes } from "./known_nodes.ts";
import { type MixnodeListing, mixnodeListingOf } from "./listing.ts";
import { type ListingFaults, ListingWatch } from "./listing_watch.ts";
import type { PresenceTimings } from "./presence.ts";

const log = logger("nym_gateway::node::presence");

/** The least time in ms between two requests for the topology that packets cause … */
const LOOK_INTERVAL = 1000;
/** … and this many times the duration of the latest: anyone can send such packets, and make a directory's answer long. */
const LOOK_SHARE = 20;
/** A packet does not wait longer than this (ms) for the next request. */
const LOOK_PATIENCE = 10_000;

/** A mixnode sends no long announcements. */
type Timings = Omit<PresenceTimings, "longDelay">;

/** What presence needs from the mixnode. */
export interface MixnodeContext {
  /** what is announced; the directory adds when it was last seen (spec §6) */
  readonly self: Omit<Mixnode, "lastSeen">;
  /** those of the mixnode, whose public key is announced */
  readonly keys: NodeKeys;
  /** whether packets may be sent to a node at this IP address */
  readonly mayConnect: (ip: string) => boolean;
  /** the path of the file with the last good topology */
  readonly keptAt: string;
  /** whether to refuse to start if another mixnode announces our address, which anyone can post */
  readonly refuseAddressClash: boolean;
}

/**
 * Announces this mixnode to the directory, and learns from it which nodes packets may be sent to: all mixnodes and
 * gateways except this one. While the directory fails, the last good topology stays in use, even across a restart.
 */
export class MixnodePresence implements AsyncDisposable {
  readonly #directory: DirectoryClient;
  readonly #context: MixnodeContext;
  readonly #timings: Timings;
  readonly #contact: DirectoryContact;
  /** the address that is announced, as `destinationText` writes it; undefined if it has a name */
  readonly #own: string | undefined;
  readonly #nodes: KnownNodes;
  #hasAnnounced = false;
  readonly #watch: ListingWatch<Mixnode, Mixnode>;
  /** a pending request for the topology that a packet caused */
  #looking: Promise<void> | undefined;
  #looks = 0;
  /** when a packet may cause the next, ms of performance.now() */
  #nextLook = -Infinity;

  /** Makes no request before {@linkcode prepare} and {@linkcode start}. */
  constructor(directory: DirectoryClient, context: MixnodeContext, timings: Timings) {
    this.#directory = directory;
    this.#context = context;
    this.#timings = timings;
    this.#contact = new DirectoryContact(directory, timings);
    this.#nodes = new KnownNodes("node", context.mayConnect, this.#contact.signal, context.keptAt);
    this.#watch = new ListingWatch(faultsOf(context.self), (fault) => log.warn(fault));
    const own = parseSocketAddress(context.self.host);
    this.#own = own && destinationText(own);
  }

  /** The number of addresses that packets may be sent to. */
  get nodes(): number {
    return this.#nodes.size;
  }

  /** Why a latest request to the directory failed; undefined if none did. */
  get failure(): string | undefined {
    return this.#contact.failure;
  }

  /** The age (ms) of the topology in use; undefined without one. */
  get topologyAge(): number | undefined {
    return this.#nodes.age;
  }

  /** Whether the directory lists this mixnode as it announces itself; undefined while unknown. */
  get isListed(): boolean | undefined {
    return this.#watch.isListed;
  }

  /** What is wrong with the directory's listing of this mixnode, for the operator; undefined if nothing is. */
  get fault(): string | undefined {
    return this.#watch.fault;
  }

  /**
   * Whether another node of the current topology receives packets at `address`. Our own address never counts, whoever
   * announces it: packets would come back to us, once for each of their hops.
   */
  isNode(address: SocketAddress): boolean {
    return this.#nodes.has(address) && destinationText(address) !== this.#own;
  }

  /** Whether another node of the current topology has this IP address. */
  readonly isNodeHost = (ip: string): boolean => this.#nodes.hasHost(ip);

  /**
   * Requests the topology once, before this mixnode listens or announces itself; uses the saved one if the directory
   * fails. If another mixnode announces the same address, that is a warning.
   *
   * @throws {OperatorError} in that case, if the operator wants it
   */
  async prepare(): Promise<void> {
    const { self: { host }, keptAt, refuseAddressClash } = this.#context;
    const kept = await readKeptTopology(keptAt);
    this.#directory.refuseBefore(kept?.signedAt ?? 0);
    let listing: MixnodeListing | undefined;
    const isUpToDate = await this.#contact.attempt(
      "topology",
      async () => void (listing = await this.#refresh(this.#timings.firstTopology)),
    );
    if (!isUpToDate && kept !== undefined) await this.#nodes.restore(kept);
    const clash = listing?.clash;
    if (clash === undefined || !refuseAddressClash) return;
    throw new OperatorError(
      `Cannot announce ${host}: the mixnode with public key ${clash.pubKey} announces it already (directory ` +
        `${this.#directory.url}); stop it, or set another announce_address in [mixnode]`,
      ExitCode.UNAVAILABLE,
    );
  }

  /**
   * Call it when a packet is for an unknown node, which may have joined recently. Resolves when the topology has been
   * refreshed, or at once if that was done too recently.
   */
  async lookAgain(): Promise<void> {
    if (this.#looking === undefined && performance.now() < this.#nextLook) return;
    this.#looking ??= this.#look();
    await this.#looking;
  }

  /** Resolves when {@linkcode lookAgain} may make a request, or at once with false if that takes too long. */
  async mayLookAgain(): Promise<boolean> {
    await this.#looking;
    const wait = this.#nextLook - performance.now();
    if (wait > LOOK_PATIENCE) return false;
    if (wait > 0) await pause(Math.ceil(wait), this.#contact.signal);
    return true;
  }

  /** The number of requests of {@linkcode lookAgain} that have begun. */
  get looks(): number {
    return this.#looks;
  }

  /** The number of those that have ended. */
  get looksEnded(): number {
    return this.#looking === undefined ? this.#looks : this.#looks - 1;
  }

  /** Announces this mixnode and refreshes the topology from now on, until disposed. */
  start(): void {
    const { sendingDelay, topologyRefresh } = this.#timings;
    const body = JSON.stringify({ ...this.#context.self, lastSeen: 0 });
    const { signal } = this.#contact;
    const announcer = new Announcer(this.#directory, "mixnodes", this.#context.keys);
    this.#contact.repeat("presence", sendingDelay, async () => {
      await announcer.announce(body, signal);
      this.#hasAnnounced = true;
    });
    this.#contact.repeat("topology", topologyRefresh, async () => void await this.#refresh());
  }

  /** Aborts pending requests, and waits for them to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#contact[Symbol.asyncDispose]();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const began = performance.now();
    this.#looks++;
    await this.#contact.attempt("topology", async () => void await this.#refresh());
    const now = performance.now();
    this.#nextLook = now + Math.max(LOOK_INTERVAL, LOOK_SHARE * (now - began));
    this.#looking = undefined;
  }

  async #refresh(within?: number): Promise<MixnodeListing> {
    const { self } = this.#context;
    const mustBeListed = this.#hasAnnounced;
    const { topology, isWhole, signedAt } = await this.#directory.topology(this.#contact.signal, within);
    const others = topology.mixNodes.filter(({ pubKey }) => pubKey !== self.pubKey).map(({ host }) => host);
    const gateways = topology.gatewayNodes.map(({ mixnetListener }) => mixnetListener);
    await this.#nodes.replace([...others, ...gateways], signedAt);
    const listing = mixnodeListingOf(self, topology.mixNodes);
    const isSure = mustBeListed && isWhole;
    this.#watch.look(listing, !isSure, isSure); // what an earlier run announced is not known
    return listing;
  }
}

/** What can be wrong with the listing of the mixnode that announces this host. */
function faultsOf({ host }: Pick<Mixnode, "host">): ListingFaults<Mixnode, Mixnode> {
  return {
    double: (entry) =>
      `another mixnode has this mixnode's key: the directory lists it at ${entry.host}. Stop one of them, or give one ` +
      "of them a new key",
    missing: "the directory does not list this mixnode, although it accepts its announcements; its operator may have " +
      "disallowed it",
    clash: ({ pubKey }) =>
      `the mixnode with public key ${pubKey} announces ${host} too: one of the two mixnodes is misconfigured, or ` +
      "somebody posted a false entry to the directory",
  };
}

/** The same text for all addresses that packets to them reach the same node by. */
function destinationText({ host, port }: SocketAddress): string {
  return formatSocketAddress({ host: destinationOf(host), port });
}
