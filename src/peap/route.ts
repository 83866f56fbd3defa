import type { GatewayNode } from "../protocol/topology.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import type { Hop } from "../sphinx/build.ts";
import { PeapError } from "./errors.ts";
import { type Mixnet, type NodeHop, readHop } from "./mixnet.ts";
import { exponential, pick, uniform } from "./random.ts";

/** The route of one packet. */
export interface Route {
  /** `ip:port` of each hop */
  hosts: string[];
  /** address of the first mixnode, unpadded (spec §3): where our gateway sends the packet */
  firstHop: Uint8Array;
  /** the mixnodes, then the recipient's gateway */
  hops: Hop[];
}

const NS_PER_MS = 1e6;

/**
 * Draws a random route: one mixnode of each layer, each with an exponential delay, then the recipient's gateway (spec
 * §7).
 *
 * @param gateway public key of the recipient's gateway, 32 bytes
 * @param meanHopDelay ms
 * @throws PeapError of kind `directory` if a layer has no mixnode, or the gateway is unknown
 */
export function drawRoute(mixnet: Mixnet, gateway: Uint8Array, meanHopDelay: number): Route {
  const { pubKey, mixnetListener } = findGateway(mixnet, encodeBase58(gateway));
  const lastHop = readHop(mixnetListener, pubKey);
  if (!lastHop) throw new PeapError("directory", `The directory has no usable entry for gateway ${pubKey}`);
  const mixnodes = mixnet.layers.map((nodes, index) => drawMixnode(nodes, index + 1, mixnet.layers.length));
  const hops = mixnodes.map((mixnode) => hopOf(mixnode, nanoseconds(exponential(meanHopDelay))));
  return {
    hosts: [...mixnodes, lastHop].map(({ host }) => host),
    firstHop: mixnodes[0]!.unpadded, // there is at least one layer
    hops: [...hops, hopOf(lastHop, 0n)],
  };
}

/**
 * The gateway with that public key (base58).
 *
 * @throws PeapError of kind `directory` if it is unknown
 */
export function findGateway({ gateways }: Mixnet, key: string): GatewayNode {
  const gateway = gateways.get(key);
  if (!gateway) throw new PeapError("directory", `The directory knows no gateway ${key} of version 0.7`);
  return gateway;
}

/** The gateways that a client may connect to, in random order. */
export function drawGateways({ gateways }: Mixnet): GatewayNode[] {
  return [...gateways.values()].map((gateway) => ({ gateway, at: uniform() }))
    .sort((a, b) => a.at - b.at).map(({ gateway }) => gateway);
}

function drawMixnode(nodes: readonly NodeHop[], layer: number, depth: number): NodeHop {
  const node = pick(nodes);
  if (!node) throw new PeapError("directory", `Layer ${layer} of the mixnet's ${depth} has no mixnode of version 0.7`);
  return node;
}

function hopOf({ publicKey, address }: NodeHop, delay: bigint): Hop {
  return { publicKey, address, delay };
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * NS_PER_MS));
}
