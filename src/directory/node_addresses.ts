import { addressesOfNamed, type LookUp } from "../addresses/named_addresses.ts";
import { addressesOf } from "../addresses/resolve.ts";
import { formatSocketAddress, parseSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { Slices } from "../timing/slices.ts";

/** The addresses of a topology's nodes that packets may be sent to. */
export class NodeAddresses {
  readonly #addresses = new Set<string>();
  readonly #hosts = new Set<string>();
  /** of those with a name, by `name:port` */
  readonly #named = new Map<string, readonly SocketAddress[]>();

  /** `refused`: the number of addresses that `mayConnect` refused. */
  private constructor(private readonly mayConnect: (ip: string) => boolean, public refused = 0) {}

  /** None at all. */
  static none(): NodeAddresses {
    return new NodeAddresses(() => false);
  }

  /**
   * The addresses of `hosts`, each `host:port`. Names are resolved, until `signal` is aborted or too much time has passed.
   * A name that can't be resolved now keeps the addresses that it had `before`: a name server that fails, or somebody's names
   * that it takes long to look up, must not take a node away. `mayConnect` decides on each IP address: anyone can post to a
   * directory, and must not be able to make this node connect to arbitrary addresses. Invalid hosts are left out.
   */
  static async at(
    hosts: readonly string[],
    mayConnect: (ip: string) => boolean,
    signal: AbortSignal,
    before = NodeAddresses.none(),
    lookUp: LookUp = addressesOf,
  ): Promise<NodeAddresses> {
    const found = new NodeAddresses(mayConnect);
    const slices = new Slices();
    const others = new Set<string>();
    for (const host of hosts) {
      const address = parseSocketAddress(host);
      if (address !== undefined) found.#take(address);
      else others.add(host);
      await slices.pauseIfDue();
    }
    const named = await addressesOfNamed(others, lookUp, signal);
    for (const host of others) {
      const resolved = named.get(host) ?? [];
      const addresses = resolved.length > 0 ? resolved : before.#named.get(host) ?? [];
      if (addresses.length > 0) found.#named.set(host, addresses);
      for (const address of addresses) found.#take(address);
    }
    return found;
  }

  /** Whether one of them is this IP address and port. */
  has(address: SocketAddress): boolean {
    return this.#addresses.has(formatSocketAddress(address));
  }

  /** Whether one of them has this IP address. */
  hasHost(ip: string): boolean {
    return this.#hosts.has(ip);
  }

  /** The number of different addresses. */
  get size(): number {
    return this.#addresses.size;
  }

  /** The addresses as `ip:port`. */
  get addresses(): readonly string[] {
    return [...this.#addresses];
  }

  #take(address: SocketAddress): void {
    if (!this.mayConnect(address.host)) {
      this.refused++;
      return;
    }
    this.#addresses.add(formatSocketAddress(address));
    this.#hosts.add(address.host);
  }
}
