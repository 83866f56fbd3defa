import type { GatewayNode, Mixnode, Topology } from "../protocol/topology.ts";
import { decode32 } from "../encoding/base58.ts";
import { isOfLowOrder } from "../sphinx/curve.ts";
import { parseSocketAddress } from "../addresses/socket_address.ts";
import { encodeNodeAddress, padNodeAddress } from "../sphinx/node_address.ts";

/** A node as a hop of a packet. */
export interface NodeHop {
  /** `ip:port` */
  host: string;
  /** 32 bytes */
  publicKey: Uint8Array;
  /** as encoded in a header (spec §3): 32 bytes, zero-padded */
  address: Uint8Array;
  /** the same without padding: 7 or 19 bytes */
  unpadded: Uint8Array;
}

/** The part of a topology that packets can be sent through. */
export interface Mixnet {
  /** the usable mixnodes of layer 1, 2, …; a layer may be empty */
  layers: NodeHop[][];
  /** by their public key in base58 */
  gateways: Map<string, GatewayNode>;
}

/**
 * Selects the usable nodes of a topology. Nodes of another version, with an unreadable address or key, or of a layer that
 * the mixnet does not have, are skipped: anyone may post to a directory, and one bad entry must not hide the others.
 *
 * @param depth the mixnet's layers, 1 to 4. The client says how many, since a directory could be made to say anything.
 */
export function readMixnet({ mixNodes, gatewayNodes }: Topology, depth: number): Mixnet {
  const layers = Array.from({ length: depth }, (): NodeHop[] => []);
  for (const node of mixNodes.filter(isOfOurVersion)) {
    const hop = readHop(node.host, node.pubKey);
    if (hop) layers[node.layer - 1]?.push(hop);
  }
  return { layers, gateways: new Map(gatewayNodes.filter(isOfOurVersion).map((node) => [node.pubKey, node])) };
}

/** Whether packets can be sent through it: every layer has a mixnode, and there is a gateway. */
export function isComplete({ layers, gateways }: Mixnet): boolean {
  return gateways.size > 0 && layers.every(({ length }) => length > 0);
}

/** Parses a node's `host` (`ip:port`) and `pubKey` (base58); undefined if either is invalid, or no packet can use the key. */
export function readHop(host: string, pubKey: string): NodeHop | undefined {
  const publicKey = decode32(pubKey);
  const socketAddress = parseSocketAddress(host);
  if (!publicKey || isOfLowOrder(publicKey) || !socketAddress) return undefined;
  const unpadded = encodeNodeAddress(socketAddress);
  return { host, publicKey, address: padNodeAddress(unpadded), unpadded };
}

function isOfOurVersion({ version }: Mixnode | GatewayNode): boolean {
  return /^0\.7\.\d+(?:[-+]|$)/.test(version);
}
