import { LAYERS } from "../protocol/layers.ts";

export { LAYERS };

/** The ports of a local network, all on 127.0.0.1. */
export interface NetworkPorts {
  /** of the directory's HTTP API */
  directory: number;
  /** one for each layer, from the first layer on; then the second ones of each layer, and so on */
  mixnodes: readonly number[];
  /** of each gateway */
  gateways: readonly GatewayPorts[];
}

/** The ports of a gateway. */
export interface GatewayPorts {
  /** where it receives packets */
  mixnet: number;
  /** where it accepts clients */
  clients: number;
}

/** How large a network is. */
export interface NetworkSize {
  /** in each layer */
  readonly mixnodes: number;
  /** in all */
  readonly gateways: number;
}

const SMALLEST: NetworkSize = { mixnodes: 1, gateways: 1 };

/** The default ports. The directory's is that of 0.7.0's directory server. */
export const USUAL_PORTS: NetworkPorts = {
  directory: 8080,
  mixnodes: [2001, 2002, 2003],
  gateways: [{ mixnet: 10000, clients: 10001 }],
};

/**
 * Consecutive ports from `first`, or any free ones for 0: six for the smallest network. Throws a RangeError if they would
 * exceed 65535.
 */
export function portsFrom(first: number, size = SMALLEST): NetworkPorts {
  const count = portsOf(size);
  if (!Number.isInteger(first) || first < 0 || first + count > 0x10000) {
    throw new RangeError(`${first} is neither the first of ${count} consecutive ports nor 0`);
  }
  return assign(first === 0 ? firstFree(count) : first, size);
}

function portsOf({ mixnodes, gateways }: NetworkSize): number {
  return 1 + 2 * gateways + LAYERS * mixnodes;
}

function assign(first: number, { mixnodes, gateways }: NetworkSize): NetworkPorts {
  let next = first;
  return {
    directory: next++,
    gateways: Array.from({ length: gateways }, () => ({ mixnet: next++, clients: next++ })),
    mixnodes: Array.from({ length: LAYERS * mixnodes }, () => next++),
  };
}

/** Every port of a network. */
export function allOf({ directory, mixnodes, gateways }: NetworkPorts): number[] {
  return [directory, ...mixnodes, ...gateways.flatMap(({ mixnet, clients }) => [mixnet, clients])];
}

/** Throws a PortInUse for the first of these ports that another program listens on. */
export function refusePortsInUse(ports: NetworkPorts): void {
  refuseInUse(allOf(ports));
}

function refuseInUse(ports: readonly number[]): void {
  for (const port of ports) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) throw new PortInUse(port);
      throw error;
    }
  }
}

/** A port of the network is in use by another program. */
export class PortInUse extends Error {
  /** `PortInUse` */
  override readonly name = "PortInUse";

  /** `port` is the one in use. */
  constructor(port: number) {
    super(`Cannot listen on 127.0.0.1:${port}: the port is in use`);
  }
}

/**
 * Ports for networks that may use any: below the range of outgoing connections, which take ports of theirs between the
 * choice and the listening.
 */
const ANY = { first: 10_240, count: 10_500 };

/**
 * The first of `count` consecutive ports that are all free, from this process's own block on: networks started at once
 * choose different ones. Throws a PortInUse if there are none.
 */
export function firstFree(count: number): number {
  const blocks = Math.floor(ANY.count / count);
  for (let i = 0; i < blocks; i++) {
    const first = ANY.first + (Deno.pid + i) % blocks * count;
    try {
      refuseInUse(Array.from({ length: count }, (_, i) => first + i));
      return first;
    } catch (error) {
      if (!(error instanceof PortInUse)) throw error;
    }
  }
  throw new PortInUse(ANY.first);
}
