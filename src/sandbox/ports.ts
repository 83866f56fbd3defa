/** The ports of a local network, all on 127.0.0.1. */
export interface NetworkPorts {
  /** of the directory's HTTP API */
  directory: number;
  /** one for each layer, from the first layer on */
  mixnodes: readonly number[];
  /** where the gateway receives packets */
  gatewayMixnet: number;
  /** where the gateway accepts clients */
  gatewayClients: number;
}

/** A network has three layers, as in 0.7.0. */
const LAYERS = 3;
const PORTS = LAYERS + 3;

/** The default ports. The directory's is that of 0.7.0's directory server. */
export const USUAL_PORTS: NetworkPorts = {
  directory: 8080,
  mixnodes: [2001, 2002, 2003],
  gatewayMixnet: 10000,
  gatewayClients: 10001,
};

/** Six consecutive ports from `first`, or any six free ones for 0. Throws a RangeError if they would exceed 65535. */
export function portsFrom(first: number): NetworkPorts {
  if (!Number.isInteger(first) || first < 0 || first + PORTS > 0x10000) {
    throw new RangeError(`${first} is neither the first of ${PORTS} consecutive ports nor 0`);
  }
  return assign(first === 0 ? freePorts() : consecutive(first));
}

function assign(ports: number[]): NetworkPorts {
  const [directory, gatewayMixnet, gatewayClients, ...mixnodes] = ports as [number, number, number, ...number[]];
  return { directory, mixnodes, gatewayMixnet, gatewayClients };
}

/** Throws a PortInUse for the first of these ports that another program listens on. */
export function refusePortsInUse({ directory, mixnodes, gatewayMixnet, gatewayClients }: NetworkPorts): void {
  for (const port of [directory, ...mixnodes, gatewayMixnet, gatewayClients]) {
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
 * Blocks of ports for networks that may use any: below the range of outgoing connections, which take ports of theirs
 * between the choice and the listening.
 */
const BLOCKS = { first: 10_240, count: 1_600 };

/** The first block with all its ports free, from this process's own on: networks started at once choose different ones. */
function freePorts(): number[] {
  for (let i = 0; i < BLOCKS.count; i++) {
    const first = BLOCKS.first + (Deno.pid + i) % BLOCKS.count * PORTS;
    const ports = consecutive(first);
    try {
      refusePortsInUse(assign(ports));
      return ports;
    } catch (error) {
      if (!(error instanceof PortInUse)) throw error;
    }
  }
  throw new PortInUse(BLOCKS.first);
}

function consecutive(first: number): number[] {
  return Array.from({ length: PORTS }, (_, i) => first + i);
}
