import { type Config, defaultConfig } from "../../src/config/config.ts";
import { deriveToken } from "../../src/clients/token.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { packetFor } from "./packets.ts";
import { TemporaryFolder } from "./temporary_folder.ts";
import { TestClient } from "./test_client.ts";

/** Nothing listens there. */
export const NO_DIRECTORY = "http://127.0.0.1:1";

/** A gateway on free ports, with files in a temporary folder that survive restarts. */
export class GatewayRig {
  readonly config: Config;
  gateway!: Gateway;
  readonly #folder = new TemporaryFolder();

  private constructor(
    directory: string,
    readonly keys = generateKeyPair(),
    readonly storageKey = crypto.getRandomValues(new Uint8Array(32)),
  ) {
    this.config = defaultConfig("test", this.#folder.path);
    this.config.gateway.presenceDirectoryServer = directory;
    this.config.mixnetEndpoint.listeningAddress = "127.0.0.1:0";
    this.config.clientsEndpoint.listeningAddress = "127.0.0.1:0";
    this.config.operator.listeningAddress = "";
    Deno.mkdirSync(`${this.#folder.path}/test/data`, { recursive: true });
  }

  /** `adjust` may change the configuration before the start. */
  static async start(directory = NO_DIRECTORY, adjust: (config: Config) => void = () => {}): Promise<GatewayRig> {
    const rig = new GatewayRig(directory);
    adjust(rig.config);
    return await rig.#started();
  }

  /** Starts another gateway with the same keys and storage, and a folder of its own. */
  async sibling(): Promise<GatewayRig> {
    const rig = new GatewayRig(this.config.gateway.presenceDirectoryServer, this.keys, this.storageKey);
    Object.assign(rig.config.storage, this.config.storage);
    rig.config.clientsEndpoint.announceAddress = this.config.clientsEndpoint.announceAddress;
    rig.config.mixnetEndpoint.announceAddress = this.config.mixnetEndpoint.announceAddress;
    rig.config.gateway.refuseAddressClash = this.config.gateway.refuseAddressClash;
    return await rig.#started();
  }

  async #started(): Promise<GatewayRig> {
    try {
      await this.restart();
    } catch (error) {
      this.#folder[Symbol.dispose]();
      throw error;
    }
    return this;
  }

  async stop(): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
  }

  /** Starts a gateway with the files of the previous one, which must be stopped. */
  async restart(): Promise<void> {
    this.gateway = await Gateway.start(this.config, this.keys, this.storageKey);
  }

  packet(client: Uint8Array, message: Uint8Array): Uint8Array {
    return packetFor(this.keys.publicKey, client, message);
  }

  /** Sends packets as a mixnode does, over a new connection. */
  async mix(...packets: Uint8Array[]): Promise<void> {
    const { host, port } = this.gateway.mixnetAddress;
    using connection = await Deno.connect({ hostname: host, port });
    const frames = frame(...packets);
    for (let sent = 0; sent < frames.length;) sent += await connection.write(frames.subarray(sent));
  }

  connect(): Promise<TestClient> {
    return TestClient.connect(this.gateway.clientsAddress);
  }

  async register(client: Uint8Array): Promise<TestClient> {
    const connected = await this.connect();
    const answer = await connected.request({ type: "register", address: encodeBase58(client) }) as { type: string };
    if (answer.type !== "register") throw new Error(JSON.stringify(answer));
    return connected;
  }

  async logIn(client: Uint8Array): Promise<TestClient> {
    const connected = await this.connect();
    const token = encodeBase58(deriveToken(this.keys.privateKey, client));
    const request = { type: "authenticate", address: encodeBase58(client), token };
    const answer = await connected.request(request) as { status?: boolean };
    if (answer.status !== true) throw new Error(JSON.stringify(answer));
    return connected;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }
}
