import { join } from "node:path";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { Directory } from "../../src/sandbox/directory.ts";
import { ADDRESS_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { parseSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { type GatewayKind, GatewayProcess, pause } from "../support/gateway_process.ts";
import { freePort } from "../support/reference_network.ts";
import type { Report } from "./load/arrivals.ts";
import { LoadGenerator } from "./load/generator.ts";
import { makePackets, type Packets } from "./load/packets.ts";
import { type ProcessFigures, processFigures } from "./process_figures.ts";

/** The gateways that are measured: 0.7.0's is there when NYM_REFERENCE names the folder of its programs. */
export const KINDS: readonly GatewayKind[] = Deno.env.get("NYM_REFERENCE") ? ["ours", "0.7.0"] : ["ours"];

/** All gateways of a benchmark have this key, and so the packets that are made once serve for all. */
const KEYS = generateKeyPair();
/** As many clients as any load has; each load takes the first of them. */
const CLIENTS = Array.from({ length: 1000 }, () => crypto.getRandomValues(new Uint8Array(ADDRESS_SIZE)));
/** base58 */
export const ADDRESSES: readonly string[] = CLIENTS.map(encodeBase58);

/** Packets of a load before which both gateways have warmed up. */
const WARM_UP = 20_000;
/** Clients are asked once a second how far they have read, and answer: wait (ms) a little longer. */
const READ_AT_LEAST = 1500;
/** ms within which everything must be where it belongs */
const PATIENCE = 30_000;
const LOOK_INTERVAL = 20; // ms

/** Connections that packets come over when it is the rate that matters. */
const CONNECTIONS = 4;

/** What is sent to find a rate: something to warm up with, and what is measured. */
export interface Load {
  clients: number;
  warmUp: Packets;
  packets: Packets;
}

/** Makes `count` packets for so many clients; one message in `realEvery` is real, the others are cover traffic. */
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

/** A gateway as a process of its own with a home and a directory of its own, and a load generator for it. */
export class Rig implements AsyncDisposable {
  private constructor(
    private readonly stack: AsyncDisposableStack,
    readonly gateway: GatewayProcess,
    readonly load: LoadGenerator,
    readonly mixnet: SocketAddress,
    readonly clients: SocketAddress,
  ) {}

  /** Makes a gateway that is yet to be started. */
  static async init(kind: GatewayKind): Promise<Rig> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(new Directory({ host: "127.0.0.1", port: 0 })); // new: it has heard of no gateway
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

  /** Sends packets to clients that are there, and waits for what they get. `began`, `times`: see clock. */
  async push(packets: Packets, rate = 0): Promise<{ report: Report; began: number; times: Float64Array }> {
    const times = await this.load.expect(packets);
    const began = await this.load.send(this.mixnet, packets, rate);
    const report = await this.load.received();
    this.check(report);
    return { report, began, times };
  }

  /** Disconnects the clients once they are seen to have read everything, and waits for it to have left the disk. */
  async logOut(): Promise<void> {
    await pause(READ_AT_LEAST);
    await this.load.logOut();
    if (this.kind === "ours") await this.stored((count) => count === 0);
  }

  /** Waits until the number of messages on the disk is right; throws if that takes too long. */
  async stored(isRight: (count: number) => boolean): Promise<void> {
    const look = () => this.gateway.stored();
    const deadline = performance.now() + PATIENCE;
    for (let count = await look(); !isRight(count); count = await look()) {
      if (performance.now() > deadline) throw new Error(`${this.kind}: ${count} messages are on the disk`);
      await pause(LOOK_INTERVAL);
    }
  }

  /** Our gateway may lose nothing, send nothing twice and change no order; what 0.7.0's does is for the report. */
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
