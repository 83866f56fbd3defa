import { isExempt, peerNetwork } from "../limits/peers.ts";

/** Headers in which a proxy says whom it forwards. A web page cannot have its browser send them with a WebSocket. */
const OF_PROXIES = ["forwarded", "x-forwarded-for"];

/**
 * The network that a client counts towards that asks for a WebSocket with these headers, from `network`. A browser says
 * whose page is asking (RFC 6455 §4.1), and any page may: one that is open on this machine is not exempt from limits per
 * network, as a proxy on this machine is.
 */
export function requesterNetwork(network: string, headers: Headers): string {
  const isPage = headers.has("origin") && !OF_PROXIES.some((name) => headers.has(name));
  return isPage && isExempt(network) ? peerNetwork("127.0.0.1", true) : network;
}
