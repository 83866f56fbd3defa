import { destinationOf, type KindOfAddress, kindOfAddress } from "../addresses/kind_of_address.ts";

/** Addresses that no node on the internet has, and where services may trust connections from this machine. */
const NOT_ON_THE_INTERNET: readonly (KindOfAddress | undefined)[] = [
  "unspecified",
  "loopback",
  "private",
  "link-local",
  "behind a provider's NAT",
  "multicast",
  "reserved",
];

/** Whether others on the internet can have this host: a name, or a public address. */
export function isOnTheInternet(host: string): boolean {
  return !NOT_ON_THE_INTERNET.includes(kindOfAddress(host));
}

/**
 * Whether packets may be sent to a node at `ip`. It must be an address on the internet that is not our own. If this
 * node announces an address that is not on the internet, addresses of the same kind are allowed too, because the whole
 * network must be there.
 *
 * @param announced the host that is announced to mixnodes
 * @param own all hosts that this node listens on and announces, as `destinationOf` gives them; names are not resolved
 */
export function isConnectable(ip: string, announced: string, own: readonly string[]): boolean {
  return !isOnTheInternet(ip) ? kindOfAddress(announced) === kindOfAddress(ip) : !own.includes(destinationOf(ip));
}
