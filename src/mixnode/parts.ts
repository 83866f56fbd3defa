import type { MixnodeConfig } from "../config/config.ts";
import type { MixnodePresence } from "../directory/mixnode_presence.ts";
import type { Forwarder } from "../mixnet/forwarder.ts";
import type { NodeParts } from "../node/parts.ts";
import type { ReplayFilter } from "../replay/replay_filter.ts";
import type { HeldPackets } from "./held_packets.ts";
import type { Newcomers } from "./newcomers.ts";

/** The parts of a running mixnode that gauges and health checks read. */
export interface Parts extends NodeParts {
  /** limits in force; changed in place by a reload */
  readonly limits: MixnodeConfig["limits"];
  /** the link to the directory */
  readonly presence: MixnodePresence;
  /** packets that wait for their delay */
  readonly held: HeldPackets;
  /** packets whose next node is unknown */
  readonly newcomers: Newcomers;
  /** outgoing packets */
  readonly forwarder: Forwarder;
  /** which packets were seen */
  readonly replays: ReplayFilter;
}
