import { formatSocketAddress, parseSocketAddress } from "../addresses/socket_address.ts";
import type { GatewayNode } from "../protocol/topology.ts";
import { Slices } from "../timing/slices.ts";

/** Where a gateway is, as it announces it. */
export interface Addresses {
  /** `host:port` */
  readonly mixnetListener: string;
  /** ws(s) URL */
  readonly clientListener: string;
}

/** What makes a gateway what it is to others. */
export interface Identity extends Addresses {
  /** base58 */
  readonly pubKey: string;
}

/** What a directory says of a gateway. */
export interface Listing {
  /** its own entry */
  readonly own: GatewayNode | undefined;
  /** whether that has the addresses that the gateway announces */
  readonly isOwnAsAnnounced: boolean;
  /** another gateway that announces one of its addresses: the same clients' address, if there is such a one */
  readonly clash: Clash | undefined;
}

/** Another gateway's entry, and what it has in common with ours. */
export interface Clash {
  readonly kind: "mixnet" | "clients";
  /** the address that both announce */
  readonly address: string;
  /** the other gateway's, base58 */
  readonly pubKey: string;
}

/** Finds what is said of the gateway `self` among all. */
export async function listingOf(self: Identity, nodes: readonly GatewayNode[]): Promise<Listing> {
  const slices = new Slices();
  let own: GatewayNode | undefined;
  let clash: Clash | undefined;
  for (const node of nodes) {
    if (node.pubKey === self.pubKey) own = node;
    else if (clash?.kind !== "clients") clash = clashOf(self, node) ?? clash;
    await slices.pauseIfDue();
  }
  return { own, isOwnAsAnnounced: own !== undefined && announcesSame(own, self), clash };
}

/** Whether both have the same addresses, however they are written. */
export function announcesSame(a: Addresses, b: Addresses): boolean {
  return isSameAddress(a.mixnetListener, b.mixnetListener) && isSameAddress(a.clientListener, b.clientListener);
}

function clashOf({ clientListener, mixnetListener }: Identity, other: GatewayNode): Clash | undefined {
  const { pubKey } = other;
  if (isSameAddress(other.clientListener, clientListener)) return { kind: "clients", address: clientListener, pubKey };
  if (isSameAddress(other.mixnetListener, mixnetListener)) return { kind: "mixnet", address: mixnetListener, pubKey };
  return undefined;
}

/** Whether two `host:port`, or two URLs, are the same however they are written. */
export function isSameAddress(a: string, b: string): boolean {
  return a === b || normalAddress(a) === normalAddress(b);
}

function normalAddress(address: string): string {
  const socketAddress = parseSocketAddress(address);
  return socketAddress ? formatSocketAddress(socketAddress) : address.toLowerCase().replace(/\/$/, "");
}
