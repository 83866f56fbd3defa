import { DescriptorCount } from "../limits/descriptor_use.ts";
import type { NodeGaugeName, ProcessGaugeName } from "../operator/metric_table.ts";
import { heapBytes } from "../operator/process.ts";
import type { NodeParts } from "./parts.ts";
import type { Reloads } from "./reloads.ts";

/** The functions that read the gauges of every program. */
export function processGauges(reloads: Reloads): Record<ProcessGaugeName, () => number> {
  const descriptors = new DescriptorCount();
  return {
    configAccepted: () => reloads.isRefused ? 0 : 1,
    configAcceptedAt: () => reloads.succeededAt / 1000,
    descriptorsHeld: () => descriptors.use.held,
    descriptorsLimit: () => descriptors.use.limit,
    heapUsed: heapBytes,
  };
}

/** The functions that read the gauges of gateways and mixnodes. */
export function nodeGauges(
  { unwrapping, limits, presence, reloads }: NodeParts,
): Record<NodeGaugeName, () => number> {
  return {
    mixnetConnectionsLimit: () => limits.mixnetConnections,
    workers: () => unwrapping.alive,
    directoryReachable: () => presence.failure === undefined ? 1 : 0,
    ...processGauges(reloads),
  };
}
