import { type IpNetwork, isInNetwork, parseIpNetwork } from "../addresses/ip_network.ts";
import { peerOctets } from "../addresses/peer.ts";

/** The largest private networks are 10.0.0.0/8 and fc00::/7: a larger one includes strangers. */
const LEAST_BITS = { ipv4: 8, ipv6: 7 } as const;

/** The proxies whose word about their clients' addresses is trusted. */
export class TrustedProxies {
  #list: readonly string[] = [];
  #networks: readonly IpNetwork[] = [];

  /** `configured`: valid networks; called on each use, because a reload replaces the list. */
  constructor(private readonly configured: () => readonly string[]) {}

  /** Whether a peer, as a socket gives its address, is one of them. */
  readonly include = (host: string): boolean => {
    const list = this.configured();
    if (list !== this.#list) {
      this.#list = list;
      this.#networks = list.map((text) => parseIpNetwork(text)!);
    }
    if (list.length === 0) return false;
    const octets = peerOctets(host);
    return octets !== undefined && this.#networks.some((network) => isInNetwork(octets, network));
  };
}

/** The first of these networks that cannot be the operator's own, as 0.0.0.0/0; undefined if there is none. */
export function tooWide(networks: readonly string[]): string | undefined {
  return networks.find((text) => {
    const { octets, bits } = parseIpNetwork(text)!;
    return bits < (octets.length === 4 ? LEAST_BITS.ipv4 : LEAST_BITS.ipv6);
  });
}
