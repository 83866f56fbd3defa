import { DescriptorCount } from "../limits/descriptor_use.ts";
import type { NodeGaugeName } from "../operator/metric_table.ts";
import { heapBytes } from "../operator/process.ts";
import type { NodeParts } from "./parts.ts";

/** The functions that read the gauges of any node. */
export function nodeGauges(
  { unwrapping, limits, presence, reloads }: NodeParts,
): Record<NodeGaugeName, () => number> {
  const descriptors = new DescriptorCount();
  return {
    mixnetConnectionsLimit: () => limits.mixnetConnections,
    workers: () => unwrapping.alive,
    directoryReachable: () => presence.failure === undefined ? 1 : 0,
    configAccepted: () => reloads.isRefused ? 0 : 1,
    configAcceptedAt: () => reloads.succeededAt / 1000,
    descriptorsHeld: () => descriptors.use.held,
    descriptorsLimit: () => descriptors.use.limit,
    heapUsed: heapBytes,
  };
}
