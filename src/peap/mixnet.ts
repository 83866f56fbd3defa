import type { GatewayNode, Mixnode, Topology } from "../protocol/topology.ts";
import { decodeBase58 } from "../encoding/base58.ts";
import { MAX_HOPS, POINT_SIZE } from "../sphinx/constants.ts";
import { parseSocketAddress } from "../addresses/socket_address.ts";
import { encodeNodeAddress, padNodeAddress } from "../sphinx/node_address.ts";
import { PeapError } from "./errors.ts";

/** A node as a hop of a packet. */
export interface NodeHop {
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

/** The most layers that a packet can pass through before its gateway. */
const MAX_LAYERS = MAX_HOPS - 1;

/**
 * Selects the usable nodes of a topology. Nodes of another version, or with an unreadable address or key, are skipped,
 * as 0.7.0 clients do (spec §6): anyone may post to a directory.
 *
 * @throws PeapError of kind `directory` if the mixnet has more layers than a packet has hops
 */
export function readMixnet({ mixNodes, gatewayNodes }: Topology): Mixnet {
  const usable = mixNodes.filter(isOfOurVersion).flatMap((node) => {
    const hop = readHop(node.host, node.pubKey);
    return hop ? [{ layer: node.layer, hop }] : [];
  });
  const depth = usable.reduce((deepest, { layer }) => Math.max(deepest, layer), 0);
  if (depth > MAX_LAYERS) {
    throw new PeapError(
      "directory",
      `The mixnet has ${depth} layers, but a packet can pass through only ${MAX_LAYERS}`,
    );
  }
  const layers = Array.from({ length: depth }, (): NodeHop[] => []);
  for (const { layer, hop } of usable) layers[layer - 1]!.push(hop);
  return { layers, gateways: new Map(gatewayNodes.filter(isOfOurVersion).map((node) => [node.pubKey, node])) };
}

/** Parses a node's `host` (`ip:port`) and `pubKey` (base58); undefined if either is invalid. */
export function readHop(host: string, pubKey: string): NodeHop | undefined {
  const publicKey = decodeBase58(pubKey);
  const socketAddress = parseSocketAddress(host);
  if (publicKey?.length !== POINT_SIZE || !socketAddress) return undefined;
  const unpadded = encodeNodeAddress(socketAddress);
  return { publicKey, address: padNodeAddress(unpadded), unpadded };
}

function isOfOurVersion({ version }: Mixnode | GatewayNode): boolean {
  return /^0\.7\.\d+(?:[-+]|$)/.test(version);
}
