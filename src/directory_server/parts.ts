import type { DirectoryConfig } from "../config/config.ts";
import type { Reloads } from "../node/reloads.ts";
import type { CertificateRenewal } from "../tls/renewal.ts";
import type { Api } from "./api.ts";
import type { Door } from "./door.ts";
import type { Registry } from "./registry.ts";

/** The parts of a running directory that gauges and health checks read. */
export interface Parts {
  /** the configuration in force; changed in place by a reload */
  readonly config: DirectoryConfig;
  /** who is listed */
  readonly registry: Registry;
  /** the requests */
  readonly api: Api;
  /** the connections */
  readonly door: Door;
  /** the outcome of loading the configuration */
  readonly reloads: Reloads;
  /** undefined without TLS */
  readonly renewal: CertificateRenewal | undefined;
  /** ms since 1970 */
  readonly now: () => number;
}
