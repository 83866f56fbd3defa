import { isLoopback } from "../addresses/peer.ts";
import { networkOf, THIS_MACHINE } from "./network.ts";

/** The network of connections from trusted proxies until their client is known. */
export const BEHIND_A_PROXY = "behind a proxy";

/**
 * The network that a peer at `host` counts towards. Peers on this machine count as one network with larger limits, or
 * with those of any other if `limitLoopback`.
 */
export function peerNetwork(host: string, limitLoopback: boolean): string {
  return !limitLoopback && isLoopback(host) ? THIS_MACHINE : networkOf(host);
}

/** Whether clients of a proxy can be in that network: none is suspected because of what others do. */
export function isShared(network: string): boolean {
  return network === BEHIND_A_PROXY || network === THIS_MACHINE;
}

/** Whether only the totals apply to that network, not the limits per network. */
export function isExempt(network: string): boolean {
  return network === BEHIND_A_PROXY;
}
