import { isLoopback } from "../addresses/peer.ts";
import { networkOf } from "./network.ts";

/** The network of peers on this machine; differs from every result of `networkOf`. */
const THIS_MACHINE = "this machine";

/**
 * The network that a peer at `host` counts towards. Peers on this machine are exempt from limits per network unless
 * `limitLoopback`, because behind a proxy all clients seem to come from this machine.
 */
export function peerNetwork(host: string, limitLoopback: boolean): string {
  return !limitLoopback && isLoopback(host) ? THIS_MACHINE : networkOf(host);
}

/** Whether only the totals apply to that network, not the limits per network. */
export function isExempt(network: string): boolean {
  return network === THIS_MACHINE;
}
