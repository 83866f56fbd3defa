import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { PROTOCOL_VERSION } from "../build/version.ts";
import { hostOf } from "../config/addresses.ts";
import type { MixnodeConfig } from "../config/config.ts";
import { type Changes, takeOver } from "../config/reloading.ts";
import { Counters } from "../counting/counters.ts";
import { directoryClient } from "../directory/client.ts";
import { isConnectable } from "../directory/connectable.ts";
import { MixnodePresence, mixnodeTimings } from "../directory/mixnode_presence.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { logger } from "../logging/log.ts";
import { Forwarder } from "../mixnet/forwarder.ts";
import { PacketsIn } from "../node/packets_in.ts";
import type { KeyPair } from "../sphinx/curve.ts";
import type { MixnodeCounterName } from "./counter_table.ts";
import { HeldPackets } from "./held_packets.ts";
import { Mixing } from "./mixing.ts";
import { openReplays } from "./replays.ts";

const log = logger("nym_gateway::mixnode");

/** how long a stopping mixnode keeps forwarding what it holds, in ms */
const LAST_FORWARDING = 2_000;
/** in ms; after a power failure, packets of this last interval can be replayed */
const SYNC_INTERVAL = 1_000;

/**
 * The map of the mixnode: opens all parts, hands them to each other as functions, and closes them.
 *
 * mixnode or gateway → PacketsIn → Mixing → HeldPackets → Forwarder → mixnode or gateway
 */
export class Mixnode implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly counters: Counters<MixnodeCounterName>,
    readonly address: SocketAddress,
    readonly presence: MixnodePresence,
    private readonly held: HeldPackets,
    private readonly config: MixnodeConfig,
  ) {}

  /**
   * Resolves when it listens for packets.
   * @throws {OperatorError} for a problem that the operator can fix
   */
  static async start(configured: MixnodeConfig, keys: KeyPair): Promise<Mixnode> {
    const config = structuredClone(configured); // a copy, which a reload changes
    const { mixnode, limits, debug } = config;
    const counters = new Counters<MixnodeCounterName>();
    const count = counters.add;
    await using starting = new AsyncDisposableStack();
    // What is opened first is closed last: inputs end before what they feed.

    const replays = starting.use(
      openReplays(mixnode.replayDirectory, mixnode.replayWindow, mixnode.replayPackets, count),
    );
    const syncing = setInterval(() => void replays.sync(), SYNC_INTERVAL);
    starting.defer(() => clearInterval(syncing));

    const announced = hostOf(mixnode.announceAddress);
    const own = [announced, hostOf(mixnode.listeningAddress)];
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
          refuseAddressClash: mixnode.refuseAddressClash,
        },
        mixnodeTimings(debug.presenceSendingDelay),
      ),
    );
    await presence.prepare();

    const forwarder = starting.use(
      new Forwarder({
        connectTimeout: debug.initialConnectionTimeout,
        initialBackoff: debug.packetForwardingInitialBackoff,
        maximumBackoff: debug.packetForwardingMaximumBackoff,
      }, count),
    );
    const mayForward = (to: SocketAddress) => mixnode.forwardTo === "any" || presence.isNode(to);
    const held = new HeldPackets(() => limits.heldPackets, (to, packet) => {
      if (mayForward(to)) forwarder.forward(to, packet);
      else count("packets_dropped_not_a_node");
    });
    starting.defer(async () => count("packets_dropped_stopping", await held.drain(LAST_FORWARDING)));
    const rules = {
      expect: (to: SocketAddress) => void (mayForward(to) || presence.lookAgain()),
      longestDelay: () => limits.longestDelay,
    };
    const mixing = new Mixing(replays, held, rules, count);
    const packetsIn = starting.use(
      await PacketsIn.open(mixnode.listeningAddress, "--host or --port", {
        privateKey: keys.privateKey,
        hops: "forward",
        take: (results, packets) => mixing.take(results, packets),
        room: () => undefined, // packets without room are dropped
        isMixnodeHost: presence.isNodeHost,
        limits,
        count,
      }),
    );
    presence.start();
    const { address } = packetsIn.listener;
    log.info(`Mixing packets that arrive at ${formatSocketAddress(address)}, in layer ${mixnode.layer}`);
    return new Mixnode(starting.move(), counters, address, presence, held, config);
  }

  /** The number of packets held for their delays. */
  get waiting(): number {
    return this.held.size;
  }

  /** Applies the changes in a configuration that need no restart. */
  reload(config: MixnodeConfig): Changes {
    return takeOver(this.config, config);
  }

  /** Stops accepting, forwards what is held and due soon, drops and counts the rest, and closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}
