import { isLoopback } from "../addresses/peer.ts";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { buildInfo } from "../build/build_info.ts";
import type { AnyConfig } from "../config/config.ts";
import { OperatorError } from "../errors/operator_error.ts";
import { logger } from "../logging/log.ts";
import { OperatorEndpoint, type Watched } from "../operator/endpoint.ts";
import { listen } from "./listening.ts";

const log = logger("nym_gateway::node");

/** What only the kind of node can say. */
export type WatchedNode = Omit<Watched, "build" | "startedAt" | "configuration" | "allowedHosts">;

/** Undefined if it is turned off, or if it cannot listen: the node works without it. `config` is the one in force. */
export function openOperatorEndpoint(config: AnyConfig, node: WatchedNode): OperatorEndpoint | undefined {
  const address = config.operator.listeningAddress;
  if (address === "") return undefined;
  const { version, protocol, commit, target, deno } = buildInfo();
  const watched: Watched = {
    ...node,
    build: { version, protocol, commit, target, deno },
    startedAt: Date.now(),
    configuration: config,
    allowedHosts: () => config.operator.allowedHosts,
  };
  try {
    const open = (address: SocketAddress) => OperatorEndpoint.listen(address, watched);
    const operator = listen("the operator", "listening_address in [operator]", address, open);
    log.info(`Status page and metrics for the operator at http://${formatSocketAddress(operator.address)}/`);
    if (!isLoopback(operator.address.host)) {
      log.warn(
        `They are open to other machines without a password, because listening_address in [operator] is ${address}; ` +
          "restrict access with a firewall",
      );
    }
    return operator;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    log.warn(`${error.message}; the ${watched.kind} runs without status page and metrics`);
    return undefined;
  }
}
