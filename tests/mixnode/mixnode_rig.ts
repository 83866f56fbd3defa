import { defaultsOf, MIXNODE, type MixnodeConfig } from "../../src/config/config.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import type { Connect } from "../../src/mixnet/mixnode_link.ts";
import { Mixnode } from "../../src/mixnode/mixnode.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { buildPacket, type Hop } from "../../src/sphinx/build.ts";
import { generateKeyPair, type KeyPair } from "../../src/sphinx/curve.ts";
import { encodeNodeAddress, padNodeAddress } from "../../src/sphinx/node_address.ts";
import { unwrap } from "../../src/sphinx/unwrap.ts";
import type { MixnodeCounterName } from "../../src/mixnode/counter_table.ts";
import { eventually } from "../support/eventually.ts";
import { FakeNode } from "../mixnet/fake_node.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

/** A hop of a route; the delay in ms. */
export function hop(publicKey: Uint8Array, address: SocketAddress, delay = 0): Hop {
  return { publicKey, address: padNodeAddress(encodeNodeAddress(address)), delay: BigInt(Math.round(delay * 1e6)) };
}

/** A mixnode on a free port with its files in a temporary folder. */
export class MixnodeRig implements AsyncDisposable {
  readonly config: MixnodeConfig;
  mixnode!: Mixnode;
  readonly #folder = new TemporaryFolder();

  private constructor(directory: string, layer: number, readonly keys: KeyPair) {
    this.config = defaultsOf(MIXNODE, "test", this.#folder.path);
    const address = `127.0.0.1:${quietPort()}`;
    Object.assign(this.config.mixnode, {
      layer,
      listeningAddress: address,
      announceAddress: address,
      presenceDirectoryServer: directory,
    });
    this.config.operator.listeningAddress = "";
  }

  /** `adjust` may change the configuration before the start; `connect` replaces TCP towards the next nodes. */
  static async start(
    directory: string,
    layer = 1,
    adjust: (config: MixnodeConfig) => void = () => {},
    keys = generateKeyPair(),
    connect: Connect | undefined = undefined,
  ): Promise<MixnodeRig> {
    const rig = new MixnodeRig(directory, layer, keys);
    adjust(rig.config);
    try {
      rig.mixnode = await Mixnode.start(rig.config, rig.keys, connect);
    } catch (error) {
      rig.#folder[Symbol.dispose]();
      throw error;
    }
    return rig;
  }

  get address(): SocketAddress {
    return this.mixnode.address;
  }

  /** This mixnode as a hop that holds a packet for `delay` ms. */
  hop(delay = 0): Hop {
    return hop(this.keys.publicKey, this.address, delay);
  }

  count(name: MixnodeCounterName): number {
    return this.mixnode.counters.get(name);
  }

  async counted(name: MixnodeCounterName, n: number): Promise<void> {
    await eventually(`${n} × ${name}`, () => this.count(name) >= n);
  }

  /** Sends packets over a new connection. */
  async send(...packets: Uint8Array[]): Promise<void> {
    const { host: hostname, port } = this.address;
    using connection = await Deno.connect({ hostname, port });
    const frames = frame(...packets);
    for (let sent = 0; sent < frames.length;) sent += await connection.write(frames.subarray(sent));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mixnode[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** Receives packets at the end of their route. The directory lists it as a gateway. */
export class LastHop extends FakeNode {
  readonly #keys = generateKeyPair();
  readonly #client = generateKeyPair().publicKey;
  /** the messages in the packets that arrived, and when, in ms */
  readonly received: { text: string; at: number }[] = [];

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  /** Posts it to a directory. */
  async announceTo(directory: string): Promise<void> {
    const body = JSON.stringify({
      location: "",
      clientListener: `ws://127.0.0.2:${this.address.port}`,
      mixnetListener: `127.0.0.1:${this.address.port}`,
      pubKey: encodeBase58(this.#keys.publicKey),
      registeredClients: [],
      lastSeen: 0,
      version: "0.7.0",
    });
    await (await fetch(`${directory}/api/presence/gateways`, { method: "POST", body })).body?.cancel();
  }

  /** A packet with `text` that goes through `hops` and then here. */
  packet(text: string, ...hops: Hop[]): Uint8Array {
    const route = [...hops, hop(this.#keys.publicKey, this.address)];
    return buildPacket(route, this.#client, new TextEncoder().encode(text));
  }

  protected override take(packet: Uint8Array): void {
    const unwrapped = unwrap(packet, this.#keys.privateKey);
    if (unwrapped.kind !== "message") throw new Error(`not a message but ${unwrapped.kind}`);
    this.received.push({ text: new TextDecoder().decode(unwrapped.message), at: performance.now() });
  }
}
