import { assert } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { parseSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Operator } from "../support/operator.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TestClient } from "../support/test_client.ts";

/** Whether to run the long forms, with larger attacks. */
const IS_LONG = Deno.env.get("NYM_HOSTILE") === "long";

/** A number for the short form and one for the long form. */
export function many(short: number, long: number): number {
  return IS_LONG ? long : short;
}

/** ms between two messages to the honest client */
const PROBE_INTERVAL = 20;
/** ms to wait for descriptors to be closed */
const PATIENCE = 30_000;

/** A gateway process under attack, and an honest client that is sent messages all the time. */
export class Besieged implements AsyncDisposable {
  readonly #latencies: number[] = [];
  #probing = true;
  #probes: Promise<void> = Promise.resolve();

  private constructor(
    readonly gateway: GatewayProcess,
    readonly operator: Operator,
    private readonly client: TestClient,
    private readonly mixnode: Deno.TcpConn,
    private readonly packets: readonly Uint8Array[],
    /** RSS before the attack, in MB */
    readonly calmMemory: number,
  ) {}

  /**
   * `adjust` may change the configuration; `prepare` runs before the attack and the first measurement of memory;
   * `trusted` is the gateway's certificate if it speaks TLS, in PEM.
   */
  static async start(
    adjust: (config: Config) => void = () => {},
    prepare: (gateway: GatewayProcess, operator: Operator) => Promise<void> = () => Promise.resolve(),
    trusted: string | undefined = undefined,
  ): Promise<Besieged> {
    const gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
    const operator = new Operator(`127.0.0.1:${quietPort()}`);
    gateway.configure((config) => {
      config.operator.listeningAddress = operator.address;
      adjust(config);
    });
    await gateway.start();
    await prepare(gateway, operator);
    const address = randomClientAddress();
    const client = await TestClient.connect(parseSocketAddress(gateway.clients)!, trusted);
    await client.request({ type: "register", address: encodeBase58(address) });
    const { host, port } = parseSocketAddress(gateway.mixnet)!;
    const mixnode = await Deno.connect({ hostname: host, port });
    const key = decodeBase58(gateway.publicKey)!;
    const packets = Array.from({ length: 500 }, (_, n) => packetFor(key, address, Uint8Array.of(n >> 8, n)));
    await deliver(mixnode, client, packets[0]!);
    const besieged = new Besieged(gateway, operator, client, mixnode, packets, await memoryOf(gateway.pid));
    besieged.#probes = besieged.#probe();
    return besieged;
  }

  get clientsAddress(): SocketAddress {
    return parseSocketAddress(this.gateway.clients)!;
  }

  get mixnetAddress(): SocketAddress {
    return parseSocketAddress(this.gateway.mixnet)!;
  }

  /** The growth of the process's resident memory, in MB. */
  async memoryGrowth(): Promise<number> {
    return await memoryOf(this.gateway.pid) - this.calmMemory;
  }

  /** The number of descriptors that the process has open. */
  async descriptors(): Promise<number> {
    return (await this.#openDescriptors()).length;
  }

  /** The n-th number, from 1, that is not an open descriptor of the process. */
  async freeDescriptor(n: number): Promise<number> {
    const open = new Set(await this.#openDescriptors());
    let number = -1;
    for (let found = 0; found < n;) if (!open.has(++number)) found++;
    return number;
  }

  /** Resolves when at most `count` descriptors are open. */
  async descriptorsFallTo(count: number): Promise<void> {
    const end = performance.now() + PATIENCE;
    while (await this.descriptors() > count) {
      if (performance.now() > end) throw new Error(`more than ${count} descriptors are still open`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ends the messages to the honest client; returns their maximum and 99th percentile latency in ms. */
  async endProbing(): Promise<{ probes: number; p99: number; worst: number }> {
    this.#probing = false;
    await this.#probes;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)]!;
    return { probes: sorted.length, p99: Math.round(p99), worst: Math.round(sorted.at(-1)!) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#probing = false;
    await this.#probes.catch(() => {}); // if it failed, the test has failed already
    await this.client[Symbol.asyncDispose]();
    this.mixnode.close();
    await this.gateway[Symbol.asyncDispose]();
  }

  async #openDescriptors(): Promise<number[]> {
    return (await printed("ls", `/proc/${this.gateway.pid}/fd`)).trimEnd().split("\n").map(Number);
  }

  /** Packets cannot be reused, because they would be dropped as replays: a long attack runs out of probes. */
  async #probe(): Promise<void> {
    for (const packet of this.packets.slice(1)) {
      if (!this.#probing) return;
      const before = performance.now();
      await deliver(this.mixnode, this.client, packet);
      this.#latencies.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL));
    }
  }
}

async function deliver(mixnode: Deno.TcpConn, client: TestClient, packet: Uint8Array): Promise<void> {
  const bytes = frame(packet);
  for (let sent = 0; sent < bytes.length;) sent += await mixnode.write(bytes.subarray(sent));
  await client.message();
}

/** The output of a program: tests may not read /proc, but programs that they run may. */
async function printed(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

/** resident memory in MB */
async function memoryOf(pid: number): Promise<number> {
  const status = await printed("cat", `/proc/${pid}/status`);
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024);
}

/** In long forms, which run on quiet machines, 99 of 100 messages to an honest client must take less than a second. */
export function assertServed({ p99 }: { p99: number }): void {
  assert(!IS_LONG || p99 < 1000, `an honest client was not served well: ${p99} ms`);
}

/** Prints the results. */
export function report(what: string, figures: Record<string, unknown>): void {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(", ");
  Deno.stderr.writeSync(new TextEncoder().encode(`${what}: ${text}\n`));
}

/** Opens `count` connections to `address`, a few at a time. */
export async function connectMany(address: SocketAddress, count: number): Promise<Deno.TcpConn[]> {
  const connections: Deno.TcpConn[] = [];
  while (connections.length < count) {
    const batch = Array.from(
      { length: Math.min(50, count - connections.length) },
      () => Deno.connect({ hostname: address.host, port: address.port }),
    );
    connections.push(...await Promise.all(batch));
  }
  return connections;
}
