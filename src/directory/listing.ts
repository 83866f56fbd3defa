import { formatSocketAddress, parseSocketAddress } from "../addresses/socket_address.ts";
import type { GatewayNode, Mixnode } from "../protocol/topology.ts";
import { Slices } from "../timing/slices.ts";

/** The addresses that a gateway announces. */
export interface Addresses {
  /** `host:port` */
  readonly mixnetListener: string;
  /** ws(s) URL */
  readonly clientListener: string;
}

/** A gateway's key and addresses. */
export interface Identity extends Addresses {
  /** base58 */
  readonly pubKey: string;
}

/** What a directory says about this node. */
export interface Listing<Entry, Other> {
  /** its entry, if there is one */
  readonly own: Entry | undefined;
  /** whether that entry has the addresses that the node announces */
  readonly isOwnAsAnnounced: boolean;
  /** another node that announces one of its addresses */
  readonly clash: Other | undefined;
}

/** Of clashes, one about the clients' address takes precedence. */
export type GatewayListing = Listing<GatewayNode, Clash>;

/** The clash is the other mixnode's entry. */
export type MixnodeListing = Listing<Mixnode, Mixnode>;

/** Another gateway that announces one of our addresses. */
export interface Clash {
  /** which address: that for mixnodes or that for clients */
  readonly kind: "mixnet" | "clients";
  /** the address that both announce */
  readonly address: string;
  /** the other gateway's public key, base58 */
  readonly pubKey: string;
}

/** What `nodes`, the gateways of a topology, say about the gateway `self`. */
export async function listingOf(self: Identity, nodes: readonly GatewayNode[]): Promise<GatewayListing> {
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

/** What `nodes`, the mixnodes of a topology, say about the mixnode with this key and announced address. */
export function mixnodeListingOf(
  { pubKey, host }: Pick<Mixnode, "pubKey" | "host">,
  nodes: readonly Mixnode[],
): MixnodeListing {
  const own = nodes.find((node) => node.pubKey === pubKey);
  const clash = nodes.find((node) => node.pubKey !== pubKey && isSameAddress(node.host, host));
  return { own, isOwnAsAnnounced: own !== undefined && isSameAddress(own.host, host), clash };
}

/** Whether both have the same addresses, in whatever notation. */
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
function isSameAddress(a: string, b: string): boolean {
  return a === b || normalAddress(a) === normalAddress(b);
}

function normalAddress(address: string): string {
  const socketAddress = parseSocketAddress(address);
  return socketAddress ? formatSocketAddress(socketAddress) : address.toLowerCase().replace(/\/$/, "");
}
