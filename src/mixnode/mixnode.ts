import { join } from "node:path";
import { destinationOf } from "../addresses/kind_of_address.ts";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { PROTOCOL_VERSION } from "../build/version.ts";
import { hostOf } from "../config/addresses.ts";
import type { MixnodeConfig } from "../config/config.ts";
import { type Changes, takeOver } from "../config/reloading.ts";
import { Counters } from "../counting/counters.ts";
import { directoryClient } from "../directory/client.ts";
import { isConnectable, isOnTheInternet } from "../directory/connectable.ts";
import { KEPT_TOPOLOGY } from "../directory/kept_topology.ts";
import { MixnodePresence } from "../directory/mixnode_presence.ts";
import { presenceTimings } from "../directory/presence.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { countLostLines, logger } from "../logging/log.ts";
import { Forwarder } from "../mixnet/forwarder.ts";
import { type Connect, connectElsewhere } from "../mixnet/mixnode_link.ts";
import { PacketsIn } from "../node/packets_in.ts";
import { openOperatorEndpoint } from "../node/operator_endpoint.ts";
import { Reloads } from "../node/reloads.ts";
import { openReplays } from "../node/replays.ts";
import { Health } from "../operator/health.ts";
import { emptyHistograms } from "../operator/histogram.ts";
import type { KeyPair } from "../sphinx/curve.ts";
import { plural } from "../text/plural.ts";
import type { MixnodeCounterName } from "./counter_table.ts";
import { gaugesOf } from "./gauges.ts";
import { checksOf } from "./health_checks.ts";
import { HeldPackets } from "./held_packets.ts";
import { MIXNODE_METRICS } from "./metric_table.ts";
import { Mixing } from "./mixing.ts";
import { Newcomers } from "./newcomers.ts";
import type { Parts } from "./parts.ts";
import { openState } from "./state.ts";

const log = logger("nym_gateway::mixnode");

/** how long a stopping mixnode keeps forwarding what it holds, in ms */
const LAST_FORWARDING = 2_000;
/** in ms; after a power failure, packets of this last interval can be replayed */
const SYNC_INTERVAL = 1_000;

/**
 * The map of the mixnode: opens all parts, hands them to each other as functions, and closes them.
 *
 * mixnode or gateway → PacketsIn → Mixing → HeldPackets (→ Newcomers) → Forwarder → mixnode or gateway
 */
export class Mixnode implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly counters: Counters<MixnodeCounterName>,
    readonly address: SocketAddress,
    /** undefined without an operator's endpoint */
    readonly operatorAddress: SocketAddress | undefined,
    readonly presence: MixnodePresence,
    private readonly held: HeldPackets,
    private readonly config: MixnodeConfig,
    private readonly reloads: Reloads,
    private readonly health: Health,
  ) {}

  /**
   * Resolves when it listens for packets. `connect` replaces TCP connections to the next nodes.
   *
   * @throws {OperatorError} for a problem that the operator can fix
   */
  static async start(configured: MixnodeConfig, keys: KeyPair, connect?: Connect): Promise<Mixnode> {
    const config = structuredClone(configured); // a copy, which a reload changes
    const { mixnode, limits, debug } = config;
    const counters = new Counters<MixnodeCounterName>();
    const count = counters.add;
    countLostLines((lines) => count("log_lines_dropped", lines));
    const histograms = emptyHistograms(MIXNODE_METRICS.durations);
    await using starting = new AsyncDisposableStack();
    // What is opened first is closed last: inputs end before what they feed.

    starting.use(await openState(mixnode.stateDirectory));
    const replays = starting.use(await openReplays(mixnode.stateDirectory, mixnode, count));
    const syncing = setInterval(() => void replays.sync(), SYNC_INTERVAL);
    starting.defer(() => clearInterval(syncing));

    const announced = hostOf(mixnode.announceAddress);
    const own = [announced, hostOf(mixnode.listeningAddress)].map(destinationOf);
    const presence = starting.use(
      new MixnodePresence(
        directoryClient(mixnode),
        {
          keys,
          self: {
            host: mixnode.announceAddress,
            pubKey: encodeBase58(keys.publicKey),
            layer: mixnode.layer,
            location: mixnode.location,
            version: PROTOCOL_VERSION,
          },
          mayConnect: (ip) => mixnode.allowPrivateNodes || isConnectable(ip, announced, own),
          keptAt: join(mixnode.stateDirectory, KEPT_TOPOLOGY),
          refuseAddressClash: mixnode.refuseAddressClash,
        },
        presenceTimings(debug.presenceSendingDelay),
      ),
    );
    await presence.prepare();

    const mayStayHere = () => mixnode.forwardTo === "any" || mixnode.allowPrivateNodes || !isOnTheInternet(announced);
    const forwarder = starting.use(
      new Forwarder({ ...debug, connect: connect ?? connectElsewhere(mayStayHere) }, count),
    );
    const mayForward = (to: SocketAddress) => mixnode.forwardTo === "any" || presence.isNode(to);
    const looks = {
      isNode: mayForward,
      begun: () => presence.looks,
      ended: () => presence.looksEnded,
      mayLook: () => presence.mayLookAgain(),
      look: () => presence.lookAgain(),
    };
    const newcomers = new Newcomers(
      looks,
      (to, packet) => forwarder.forward(to, packet),
      (packets) => count("packets_dropped_not_a_node", packets),
    );
    starting.defer(() => count("packets_dropped_stopping", newcomers.drop()));
    const held = new HeldPackets(() => limits.heldPackets, (to, packet) => {
      if (mayForward(to)) forwarder.forward(to, packet);
      else newcomers.hold(to, packet);
    });
    starting.defer(async () => count("packets_dropped_stopping", await held.drain(LAST_FORWARDING)));
    const rules = {
      expect: (to: SocketAddress) => void (mayForward(to) || presence.lookAgain()),
      longestDelay: () => limits.longestDelay,
    };
    const mixing = new Mixing(replays, held, rules, count);
    const packetsIn = starting.use(
      await PacketsIn.open(mixnode.listeningAddress, "listening_address in [mixnode]", {
        privateKey: keys.privateKey,
        hops: "forward",
        take: (results, packets, seconds) => {
          histograms["unwrap"]!.observe(seconds);
          mixing.take(results, packets);
        },
        room: () => undefined, // packets without room are dropped
        isMixnodeHost: presence.isNodeHost,
        limits,
        count,
      }),
    );
    presence.start();
    const { listener, unwrapping } = packetsIn;
    const reloads = new Reloads();
    const parts: Parts = {
      reloads,
      limits,
      presence,
      held,
      newcomers,
      forwarder,
      replays,
      unwrapping,
      mixnetListener: listener,
    };
    const health = starting.use(new Health(checksOf(parts)));
    health.watch();
    const operator = starting.use(
      openOperatorEndpoint(config, {
        kind: "mixnode",
        metrics: MIXNODE_METRICS,
        counters,
        histograms,
        gauges: gaugesOf(parts),
        health,
        name: mixnode.id,
        location: mixnode.location,
        identity: {
          publicKey: encodeBase58(keys.publicKey),
          layer: mixnode.layer,
          mixnet: mixnode.announceAddress,
          directory: mixnode.presenceDirectoryServer,
        },
      }),
    );
    const { address } = listener;
    log.info(`Mixing packets that arrive at ${formatSocketAddress(address)}, in layer ${mixnode.layer}`);
    return new Mixnode(
      starting.move(),
      counters,
      address,
      operator?.address,
      presence,
      held,
      config,
      reloads,
      health,
    );
  }

  /** The number of packets held for their delays. */
  get waiting(): number {
    return this.held.size;
  }

  /** The mixnode's state in one line, as in `12 packets waiting, 5 other nodes known`. */
  get summary(): string {
    return `${plural(this.waiting, "packet")} waiting, ${plural(this.presence.nodes, "other node")} known`;
  }

  /**
   * Applies the reloadable changes in the configuration that `read` returns.
   *
   * @throws what `read` throws; nothing is changed in that case, and the health check warns
   */
  reload(read: () => MixnodeConfig): Changes {
    try {
      return this.reloads.attempt(() => takeOver(this.config, read()));
    } finally {
      this.health.renew();
    }
  }

  /** Stops accepting, forwards what is held and due soon, drops and counts the rest, and closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}
