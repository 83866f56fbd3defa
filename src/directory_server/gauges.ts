import { DescriptorCount } from "../limits/descriptor_use.ts";
import { heapBytes } from "../operator/process.ts";
import type { DirectoryGaugeName, SharedGaugeName } from "./metric_table.ts";
import type { Parts } from "./parts.ts";

/** The functions that read the operator's gauges. */
export function gaugesOf(
  { config: { limits }, registry, api, door, reloads, renewal, now }: Parts,
): Record<DirectoryGaugeName | SharedGaugeName, () => number> {
  const descriptors = new DescriptorCount();
  return {
    mixnodes: () => registry.count("mixnodes"),
    gateways: () => registry.count("gateways"),
    mixnodesLimit: () => limits.mixnodes,
    gatewaysLimit: () => limits.gateways,
    emptyLayers: () => registry.emptyLayers(now()).length,
    sessions: () => api.sessions,
    connections: () => door.connections,
    connectionsLimit: () => limits.connections,
    certificateExpiry: () => renewal === undefined ? NaN : renewal.expiry / 1000,
    configAccepted: () => reloads.isRefused ? 0 : 1,
    configAcceptedAt: () => reloads.succeededAt / 1000,
    descriptorsHeld: () => descriptors.use.held,
    descriptorsLimit: () => descriptors.use.limit,
    heapUsed: heapBytes,
  };
}
