import type { SocketAddress } from "../addresses/socket_address.ts";
import type { Count } from "../counting/counters.ts";
import type { ReplayFilter } from "../replay/replay_filter.ts";
import { decodeNodeAddress } from "../sphinx/node_address.ts";
import { type Outcome, readOutcome } from "../sphinx/slots.ts";
import type { HeldPackets } from "./held_packets.ts";
import type { MixnodeCounterName } from "./counter_table.ts";

const NS_PER_MS = 1e6;

/**
 * All packets count for one destination, so that the oldest are forgotten first: a sender may name any next hop, and
 * with ever new ones could make the filter forget the packets of real mixnodes.
 */
const ANY_DESTINATION = 0;

/** What decides about packets. All of it may change while the mixnode runs. */
export interface MixingRules {
  /** Called with the address to which a packet will go once its delay is over. */
  readonly expect: (to: SocketAddress) => void;
  /** in ms; a packet that asks for more is dropped */
  readonly longestDelay: () => number;
}

/** Receives unwrapped packets: counts each one, and holds the valid ones for their delays. */
export class Mixing {
  /** Outcomes are counted by name through `count`. */
  constructor(
    private readonly replays: ReplayFilter,
    private readonly held: HeldPackets,
    private readonly rules: MixingRules,
    private readonly count: Count<MixnodeCounterName>,
  ) {}

  /** Takes the results of `packets` packets (slots.ts), in order of arrival. */
  take(results: Uint8Array, packets: number): void {
    for (let i = 0; i < packets; i++) this.#take(readOutcome(results, i));
    this.replays.flush(); // in this turn, so before any of them leaves: a kill loses none
    this.count("packets_received", packets);
  }

  #take(outcome: Outcome): void {
    if (outcome.kind !== "forward") {
      return this.count(`packets_dropped_${outcome.kind === "dropped" ? outcome.reason : "wrong_hop"}`);
    }
    const to = decodeNodeAddress(outcome.nextAddress);
    const delay = Number(outcome.delay) / NS_PER_MS;
    // The tag comes last: packets that go nowhere must not make it forget others.
    if (to === undefined) this.count("packets_dropped_address");
    else if (delay > this.rules.longestDelay()) this.count("packets_dropped_long_delay");
    else if (!this.held.hasRoomFor(delay)) this.count("packets_dropped_no_room");
    else if (!this.replays.admit(outcome.replayTag, ANY_DESTINATION)) this.count("packets_dropped_replayed");
    else {
      this.rules.expect(to);
      this.held.hold(to, outcome.packet.slice(), delay);
    }
  }
}
