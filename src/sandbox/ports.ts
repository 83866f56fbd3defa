/** Where the programs of a local network listen, all on 127.0.0.1. */
export interface NetworkPorts {
  directory: number;
  /** one for each layer, the first layer first */
  mixnodes: readonly number[];
  gatewayMixnet: number;
  gatewayClients: number;
}

/** A network has three layers, as 0.7.0's. */
const LAYERS = 3;
const PORTS = LAYERS + 3;

/** The directory's port is the one that 0.7.0's directory server has. */
export const USUAL_PORTS: NetworkPorts = {
  directory: 8080,
  mixnodes: [2001, 2002, 2003],
  gatewayMixnet: 10000,
  gatewayClients: 10001,
};

/** Six ports from `first` on, or for 0 any six that are free now. Throws a RangeError when there are not as many. */
export function portsFrom(first: number): NetworkPorts {
  if (!Number.isInteger(first) || first < 0 || first + PORTS > 0x10000) {
    throw new RangeError(`${first} is not the first of ${PORTS} ports, or 0 for any free ones`);
  }
  return assign(first === 0 ? freePorts() : Array.from({ length: PORTS }, (_, i) => first + i));
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

/** Another program listens on a port of the network. */
export class PortInUse extends Error {
  override readonly name = "PortInUse";

  constructor(port: number) {
    super(`Cannot listen on 127.0.0.1:${port}: another program does`);
  }
}

/** They are all held before the first is let go, so that none comes twice. */
function freePorts(): number[] {
  using held = new DisposableStack();
  return Array.from({ length: PORTS }, () => held.use(Deno.listen({ hostname: "127.0.0.1", port: 0 })).addr.port);
}
