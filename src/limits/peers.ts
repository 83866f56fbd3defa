import { isLoopback } from "../addresses/peer.ts";
import { networkOf } from "./network.ts";

/** What peers on this machine count as; no network is called so. */
const THIS_MACHINE = "this machine";

/**
 * What a peer at `host` counts as. Those on this machine are exempt from what is limited for a network, unless
 * `limitLoopback`: behind a proxy all clients seem to come from there.
 */
export function peerNetwork(host: string, limitLoopback: boolean): string {
  return !limitLoopback && isLoopback(host) ? THIS_MACHINE : networkOf(host);
}

/** Whether only totals count for that network. */
export function isExempt(network: string): boolean {
  return network === THIS_MACHINE;
}
