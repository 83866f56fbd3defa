import { join } from "node:path";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { ADDRESS_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { parseSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { type GatewayKind, GatewayProcess, pause } from "../support/gateway_process.ts";
import { freePort } from "../support/reference_network.ts";
import type { Report } from "./load/arrivals.ts";
import { LoadGenerator } from "./load/generator.ts";
import { makePackets, type Packets } from "./load/packets.ts";
import { type ProcessFigures, processFigures } from "./process_figures.ts";

/** The gateways to measure; includes 0.7.0's if NYM_REFERENCE names the folder of its programs. */
export const KINDS: readonly GatewayKind[] = Deno.env.get("NYM_REFERENCE") ? ["ours", "0.7.0"] : ["ours"];

/** The key of all gateways of a benchmark, so that packets are built only once. */
const KEYS = generateKeyPair();
/** The most clients of any load; each load uses the first of them. */
const CLIENTS = Array.from({ length: 1000 }, () => crypto.getRandomValues(new Uint8Array(ADDRESS_SIZE)));
/** base58 */
const ADDRESSES: readonly string[] = CLIENTS.map(encodeBase58);

/** Packets that warm a gateway up. */
const WARM_UP = 20_000;
/** ms for clients to confirm what they have read; they are pinged once a second. */
const READ_AT_LEAST = 1500;
/** ms for all messages to reach the disk or their clients */
const PATIENCE = 30_000;
const LOOK_INTERVAL = 20; // ms

/** The number of connections for packets when measuring rates. */
const CONNECTIONS = 4;

/** A load to measure a rate: packets to warm up, and packets to measure. */
export interface Load {
  clients: number;
  warmUp: Packets;
  packets: Packets;
}

/** Builds `count` packets for this many clients; one message in `realEvery` is real, the others are cover. */
export async function makeLoad(
  clients: number,
  count: number,
  { realEvery = 1, connections = CONNECTIONS } = {},
): Promise<Load> {
  const plan = { clients, connections, realEvery };
  return {
    clients,
    warmUp: await makePackets(KEYS.publicKey, CLIENTS, { ...plan, first: 0, count: WARM_UP }),
    packets: await makePackets(KEYS.publicKey, CLIENTS, { ...plan, first: WARM_UP, count }),
  };
}

/** A gateway process with its own home and directory, and a load generator for it. */
export class Rig implements AsyncDisposable {
  private constructor(
    private readonly stack: AsyncDisposableStack,
    readonly gateway: GatewayProcess,
    readonly load: LoadGenerator,
    readonly mixnet: SocketAddress,
    readonly clients: SocketAddress,
  ) {}

  /** Creates a gateway without starting it. */
  static async init(kind: GatewayKind): Promise<Rig> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await DirectoryRig.start()); // new, so it knows no gateways
    const gateway = stack.use(await GatewayProcess.init(kind, freePort(), freePort(), directory.url));
    const data = join(gateway.inboxes, "..");
    await Deno.writeTextFile(join(data, "private_sphinx.pem"), encodePem("X25519 PRIVATE KEY", KEYS.privateKey));
    await Deno.writeTextFile(join(data, "public_sphinx.pem"), encodePem("X25519 PUBLIC KEY", KEYS.publicKey));
    const load = stack.use(new LoadGenerator());
    const [mixnet, clients] = [parseSocketAddress(gateway.mixnet)!, parseSocketAddress(gateway.clients)!];
    return new Rig(stack.move(), gateway, load, mixnet, clients);
  }

  static async start(kind: GatewayKind): Promise<Rig> {
    const rig = await Rig.init(kind);
    await rig.gateway.start();
    return rig;
  }

  get kind(): GatewayKind {
    return this.gateway.kind;
  }

  async figures(): Promise<ProcessFigures> {
    return await processFigures(this.gateway.pid);
  }

  /** Connects the first `count` clients; resolves with their tokens. */
  async logIn(count: number, tokens?: string[]): Promise<string[]> {
    return await this.load.logIn(this.clients, ADDRESSES.slice(0, count), tokens);
  }

  /** Sends packets to connected clients and waits for them to arrive. `began`, `times`: see clock. */
  async push(packets: Packets, rate = 0): Promise<{ report: Report; began: number; times: Float64Array }> {
    const times = await this.load.expect(packets);
    const began = await this.load.send(this.mixnet, packets, rate);
    const report = await this.load.received();
    this.check(report);
    return { report, began, times };
  }

  /** Disconnects the clients once they have confirmed everything, and waits until it is removed from the disk. */
  async logOut(): Promise<void> {
    await pause(READ_AT_LEAST);
    await this.load.logOut();
    if (this.kind === "ours") await this.stored((count) => count === 0);
  }

  /** Waits until this many messages are on the disk; throws if that takes too long. */
  async stored(isRight: (count: number) => boolean): Promise<void> {
    const look = () => this.gateway.stored();
    const deadline = performance.now() + PATIENCE;
    for (let count = await look(); !isRight(count); count = await look()) {
      if (performance.now() > deadline) throw new Error(`${this.kind}: ${count} messages are on the disk`);
      await pause(LOOK_INTERVAL);
    }
  }

  /** Throws if our gateway loses, duplicates or reorders messages. 0.7.0's are only reported. */
  check(report: Report): void {
    const { expected, received, duplicates, disordered, misdelivered } = report;
    if (this.kind === "ours" && (received < expected || duplicates + disordered + misdelivered > 0)) {
      throw new Error(`our gateway does not keep its promise: ${JSON.stringify(report)}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}
