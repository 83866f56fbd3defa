import type { MixnetListener } from "../mixnet/listener.ts";
import type { Unwrapping } from "../unwrapping/unwrapping.ts";
import type { Reloads } from "./reloads.ts";

/** The parts of any running node that gauges and health checks read. */
export interface NodeParts {
  /** incoming packets and the workers that unwrap them */
  readonly unwrapping: Unwrapping;
  /** connections from mixnodes */
  readonly mixnetListener: MixnetListener;
  /** the outcome of loading the configuration */
  readonly reloads: Reloads;
  /** limits in force; changed in place by a reload */
  readonly limits: { readonly mixnetConnections: number; readonly trustedProxies: readonly string[] };
  /** the link to the directory */
  readonly presence: { readonly failure: string | undefined };
}
