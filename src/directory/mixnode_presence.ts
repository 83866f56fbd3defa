import type { SocketAddress } from "../addresses/socket_address.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { logger } from "../logging/log.ts";
import type { Mixnode, Topology } from "../protocol/topology.ts";
import type { DirectoryClient } from "./client.ts";
import { DirectoryContact, type RetryTimings } from "./contact.ts";
import { isSameAddress } from "./listing.ts";
import { Mixnodes } from "./mixnodes.ts";
import { presenceTimings } from "./presence.ts";

const log = logger("nym_gateway::node::presence");

/** ms at least between two looks that packets give rise to … */
const LOOK_INTERVAL = 1000;
/** … and this many times what the last one took: anyone can send such packets, and make a directory's answer long. */
const LOOK_SHARE = 20;

/** All in ms. */
export interface MixnodeTimings extends RetryTimings {
  /** between two announcements */
  readonly sendingDelay: number;
  /** between two looks at the topology */
  readonly topologyRefresh: number;
}

/** The timings of a mixnode that sends its presence every `sendingDelay` ms. */
export function mixnodeTimings(sendingDelay: number): MixnodeTimings {
  return presenceTimings(sendingDelay);
}

/** What presence needs of the mixnode. */
export interface MixnodeContext {
  /** what is posted; the directory itself fills in when it was seen (spec §6) */
  readonly self: Omit<Mixnode, "lastSeen">;
  /** whether packets may be sent to a node at this IP address */
  readonly mayConnect: (ip: string) => boolean;
  /** whether not to start when another mixnode announces our address, which anybody may post */
  readonly refuseAddressClash: boolean;
}

/**
 * Keeps the directory aware of this mixnode, and this mixnode aware of the nodes that packets may go to: all mixnodes and
 * gateways but itself.
 */
export class MixnodePresence implements AsyncDisposable {
  readonly #directory: DirectoryClient;
  readonly #context: MixnodeContext;
  readonly #timings: MixnodeTimings;
  readonly #contact: DirectoryContact;
  #nodes = Mixnodes.none();
  /** a look at the topology that is under way */
  #looking: Promise<void> | undefined;
  /** when a packet may give rise to the next, ms of performance.now() */
  #nextLook = -Infinity;

  /** Asks nothing of `directory` yet. */
  constructor(directory: DirectoryClient, context: MixnodeContext, timings: MixnodeTimings) {
    this.#directory = directory;
    this.#context = context;
    this.#timings = timings;
    this.#contact = new DirectoryContact(directory, timings);
  }

  /** Addresses that packets may go to. */
  get nodes(): number {
    return this.#nodes.size;
  }

  /** Whether the directory did its part when it was last asked. */
  get isReachable(): boolean {
    return this.#contact.isReachable;
  }

  /** Whether another node of the current topology takes packets at `address`. */
  isNode(address: SocketAddress): boolean {
    return this.#nodes.has(address);
  }

  /** Whether another node of the current topology has this IP address. */
  readonly isNodeHost = (ip: string): boolean => this.#nodes.hasHost(ip);

  /**
   * Looks at the topology once, before this mixnode listens or announces itself. When another mixnode announces its
   * address, that is a warning or, if the operator wants that, an OperatorError.
   */
  async prepare(): Promise<void> {
    let topology: Topology | undefined;
    await this.#contact.attempt("topology", async () => void (topology = await this.#refresh()));
    const { self: { host, pubKey }, refuseAddressClash } = this.#context;
    const other = topology?.mixNodes.find((node) => node.pubKey !== pubKey && isSameAddress(node.host, host));
    if (other === undefined) return;
    const clash =
      `the mixnode with public key ${other.pubKey} announces ${host} too (directory ${this.#directory.url})`;
    if (!refuseAddressClash) {
      return log.warn(`${clash}: it is set wrong there or here, or somebody posted it to do harm`);
    }
    throw new OperatorError(
      `Cannot announce ${host}: ${clash}; stop it, or set another announce_address in [mixnode]`,
      ExitCode.UNAVAILABLE,
    );
  }

  /**
   * A packet is to go to a node that is not known: it may have joined since. Resolves when the topology has been looked at
   * again, or at once if that was done too shortly before.
   */
  async lookAgain(): Promise<void> {
    if (this.#looking === undefined && performance.now() < this.#nextLook) return;
    this.#looking ??= this.#look();
    await this.#looking;
  }

  /** Begins to announce this mixnode and to follow the topology, until disposed. */
  start(): void {
    const { sendingDelay, topologyRefresh } = this.#timings;
    const body = JSON.stringify({ ...this.#context.self, lastSeen: 0 });
    const { signal } = this.#contact;
    this.#contact.repeat("presence", sendingDelay, () => this.#directory.announce("mixnodes", body, signal));
    this.#contact.repeat("topology", topologyRefresh, async () => void await this.#refresh());
  }

  /** Ends requests that are under way, and waits for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#contact[Symbol.asyncDispose]();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const began = performance.now();
    await this.#contact.attempt("topology", async () => void await this.#refresh());
    const now = performance.now();
    this.#nextLook = now + Math.max(LOOK_INTERVAL, LOOK_SHARE * (now - began));
    this.#looking = undefined;
  }

  async #refresh(): Promise<Topology> {
    const { self, mayConnect } = this.#context;
    const { topology } = await this.#directory.topology(this.#contact.signal);
    const others = topology.mixNodes.filter(({ pubKey }) => pubKey !== self.pubKey).map(({ host }) => host);
    const gateways = topology.gatewayNodes.map(({ mixnetListener }) => mixnetListener);
    this.#nodes = await Mixnodes.at([...others, ...gateways], mayConnect, this.#contact.signal);
    return topology;
  }
}
