import { addressesOf } from "../addresses/resolve.ts";
import { formatSocketAddress, parseSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { Slices } from "../timing/slices.ts";

/** What a mixnode may announce instead of `ip:port`; clients of 0.7.0 resolve it. */
const NAMED = /^(?<name>[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_.])?):(?<port>[1-9]\d{0,4})$/i;
/** Names that are resolved, how many at a time, and the ms for all of them: slow name servers' names are left out. */
const MAX_NAMES = 256;
const NAMES_AT_A_TIME = 16;
const LOOK_UP_TIME = 2000;

/** The addresses of a topology's mixnodes that this gateway may connect to. */
export class Mixnodes {
  readonly #addresses = new Set<string>();
  readonly #hosts = new Set<string>();

  /** `refused`: the number of addresses that `mayConnect` refused. */
  private constructor(private readonly mayConnect: (ip: string) => boolean, public refused = 0) {}

  /** No mixnodes at all. */
  static none(): Mixnodes {
    return new Mixnodes(() => false);
  }

  /**
   * The mixnodes at `hosts`, each `host:port`. Names are resolved, until `signal` is aborted or too much time has passed.
   * `mayConnect` decides on each IP address: anyone can post to a directory, and must not be able to make this gateway
   * connect to arbitrary addresses. Invalid hosts are left out.
   */
  static async at(
    hosts: readonly string[],
    mayConnect: (ip: string) => boolean,
    signal: AbortSignal,
  ): Promise<Mixnodes> {
    const mixnodes = new Mixnodes(mayConnect);
    const slices = new Slices();
    const named = new Set<string>();
    for (const host of hosts) {
      const address = parseSocketAddress(host);
      if (address !== undefined) mixnodes.#take(address);
      else if (named.size < MAX_NAMES && NAMED.test(host)) named.add(host);
      await slices.pauseIfDue();
    }
    if (named.size === 0) return mixnodes;
    const late = AbortSignal.any([signal, AbortSignal.timeout(LOOK_UP_TIME)]);
    const waiting = named.values(); // shared by the concurrent lookups
    await Promise.all(Array.from({ length: NAMES_AT_A_TIME }, async () => {
      for (const host of waiting) for (const address of await lookUp(host, late)) mixnodes.#take(address);
    }));
    return mixnodes;
  }

  /** Whether one of them has this IP address and port. */
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

async function lookUp(host: string, signal: AbortSignal): Promise<SocketAddress[]> {
  const { name, port } = NAMED.exec(host)!.groups!;
  const addresses = await addressesOf(name!, signal);
  return addresses.map((address) =>
    parseSocketAddress(address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`)
  )
    .filter((address) => address !== undefined);
}
