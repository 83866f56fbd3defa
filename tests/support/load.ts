import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import type { Report } from "../bench/load/arrivals.ts";
import { LoadGenerator } from "../bench/load/generator.ts";
import { makePackets, type Packets, slicePackets } from "../bench/load/packets.ts";
import type { GatewayProcess } from "./gateway_process.ts";
import { randomClientAddress } from "./packets.ts";

type Target = Pick<GatewayProcess, "mixnet" | "clients" | "publicKey">;

/**
 * Clients of a running gateway, and packets for them in turn. Each message starts with its number (u32, big-endian).
 */
export class Load implements Disposable {
  private constructor(
    private readonly gateway: Target,
    private readonly generator: LoadGenerator,
    /** of the clients, base58 */
    readonly addresses: readonly string[],
    readonly tokens: readonly string[],
    private readonly packets: Packets,
  ) {}

  /** Registers new clients and builds packets for them. */
  static async prepare(gateway: Target, clients: number, count: number): Promise<Load> {
    using stack = new DisposableStack();
    const generator = stack.use(new LoadGenerator());
    const addresses = Array.from({ length: clients }, randomClientAddress);
    const base58 = addresses.map(encodeBase58);
    const tokens = await generator.logIn(parseSocketAddress(gateway.clients)!, base58);
    await generator.logOut();
    const plan = { first: 0, count, clients, connections: 1, realEvery: 1 };
    const packets = await makePackets(decodeBase58(gateway.publicKey)!, addresses, plan);
    stack.move();
    return new Load(gateway, generator, base58, tokens, packets);
  }

  /**
   * Sends the packets, followed by those of `next`, over one connection, at `rate` per second or as fast as possible.
   * Rejects when the gateway closes the connection.
   */
  async send({ rate = 0, next }: { rate?: number; next?: Load } = {}): Promise<void> {
    const packets = next === undefined ? this.packets : inRow(this.packets, next.packets);
    await this.generator.send(parseSocketAddress(this.gateway.mixnet)!, packets, rate);
  }

  /** Sends the packets while all clients are connected; resolves with what they received. */
  async push(rate = 0): Promise<Report> {
    await this.generator.expect(this.packets);
    await this.#logIn();
    await this.send({ rate });
    return await this.#received();
  }

  /** Connects the clients to fetch the first `count` stored messages. */
  async receive(count: number): Promise<Report> {
    await this.generator.expect(slicePackets(this.packets, 0, count));
    await this.#logIn();
    return await this.#received();
  }

  [Symbol.dispose](): void {
    this.generator[Symbol.dispose]();
  }

  async #logIn(): Promise<void> {
    await this.generator.logIn(parseSocketAddress(this.gateway.clients)!, [...this.addresses], [...this.tokens]);
  }

  async #received(): Promise<Report> {
    const report = await this.generator.received();
    await this.generator.logOut();
    return report;
  }
}

/** The packets of one connection, followed by others. */
function inRow({ plan, streams: [first] }: Packets, { streams: [second] }: Packets): Packets {
  const both = new Uint8Array(new SharedArrayBuffer(first!.length + second!.length));
  both.set(first!);
  both.set(second!, first!.length);
  return { plan, streams: [both] };
}

/** Fails unless every expected message arrived once, in order and at its client. */
export function assertWhole(report: Report, expected: number): void {
  const { received, duplicates, disordered, misdelivered } = report;
  if (received !== expected || report.expected !== expected || duplicates + disordered + misdelivered > 0) {
    throw new Error(`not all ${expected} messages arrived as expected: ${JSON.stringify(report)}`);
  }
}
