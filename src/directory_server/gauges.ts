import { processGauges } from "../node/gauges.ts";
import type { DirectoryGaugeName } from "./metric_table.ts";
import type { Parts } from "./parts.ts";

/** The functions that read the operator's gauges. */
export function gaugesOf(
  { config: { limits }, registry, api, door, reloads, renewal, now }: Parts,
): Record<DirectoryGaugeName, () => number> {
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
    ...processGauges(reloads),
  };
}
