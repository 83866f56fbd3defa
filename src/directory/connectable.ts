import { type KindOfAddress, kindOfAddress } from "../addresses/kind_of_address.ts";

/** Addresses that no mixnode on the internet has, and where what listens may trust whoever connects from here. */
const NOT_ON_THE_INTERNET: readonly (KindOfAddress | undefined)[] = [
  "unspecified",
  "loopback",
  "private",
  "link-local",
  "behind a provider's NAT",
  "multicast",
  "reserved",
];

/**
 * Whether packets may be sent to a mixnode at `ip`: an address on the internet that is not our own; and where this
 * gateway has mixnodes come to an address that is not on the internet, one of the same kind, as the whole network is there.
 *
 * @param announced the host that mixnodes are told  @param own all that this gateway listens on and announces; of names
 * nothing is known
 */
export function isConnectable(ip: string, announced: string, own: readonly string[]): boolean {
  const kind = kindOfAddress(ip);
  return NOT_ON_THE_INTERNET.includes(kind) ? kindOfAddress(announced) === kind : !own.includes(ip);
}
