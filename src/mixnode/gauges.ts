import { nodeGauges } from "../node/gauges.ts";
import type { MixnodeGaugeName } from "./metric_table.ts";
import type { Parts } from "./parts.ts";

/** The functions that read the operator's gauges. */
export function gaugesOf(parts: Parts): Record<MixnodeGaugeName, () => number> {
  const { held, newcomers, limits, unwrapping, forwarder, presence } = parts;
  return {
    ...nodeGauges(parts),
    heldPackets: () => held.size,
    heldPacketsLimit: () => limits.heldPackets,
    unwrappingQueue: () => unwrapping.queued,
    newcomersQueue: () => newcomers.size,
    forwarderQueue: () => forwarder.queued,
    directoryListsMixnode: () => presence.isListed === undefined ? NaN : Number(presence.isListed),
    nodes: () => presence.nodes,
  };
}
