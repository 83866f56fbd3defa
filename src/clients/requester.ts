import { networkOf, THIS_MACHINE } from "../limits/network.ts";
import { peerNetwork } from "../limits/peers.ts";
import { forwardedBy } from "../proxies/forwarded.ts";

/** Where a request comes from, before its headers are considered. */
export interface Peer {
  /** an IP address: the peer's own, or the one that a trusted proxy gave before TLS */
  readonly host: string;
  /** the network of that address, as limits count it */
  readonly network: string;
}

/**
 * The network that a client counts towards when it asks for a WebSocket with these headers; undefined if they are not
 * valid. Only a trusted proxy's word counts. A browser says whose page is asking (RFC 6455 §4.1). Any page may ask, so
 * one that is open on this machine does not share the machine's larger limits.
 */
export function requesterNetwork(
  { host, network }: Peer,
  headers: Headers,
  isTrusted: (host: string) => boolean,
): string | undefined {
  if (isTrusted(host)) {
    const client = forwardedBy(headers, isTrusted);
    if (client.kind === "invalid") return undefined;
    if (client.kind === "client") return networkOf(client.address);
  }
  return headers.has("origin") && network === THIS_MACHINE ? peerNetwork("127.0.0.1", true) : network;
}
