import { assertEquals } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { parseSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { makePackets } from "../bench/load/packets.ts";
import { logIn, type Member, post, register } from "../hostile/members.ts";
import { numberOf, range } from "../mailbox/messages.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Operator } from "../support/operator.ts";
import { quietPort } from "../support/quiet_port.ts";
import { SmallDisk } from "./small_disk.ts";

/** A gateway process, and a client with numbered messages, to check that none is lost or out of order. */
export class FaultyGateway implements AsyncDisposable {
  #sent = 0;
  #read = 0;

  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly process: GatewayProcess,
    readonly operator: Operator,
    /** the disk with its data, if it has its own */
    readonly disk: SmallDisk | undefined,
    private readonly member: Member,
  ) {}

  /** `megabytes`: size of a separate disk for its data, if any. `environment`: additional environment variables. */
  static async start(
    { megabytes, adjust, environment = {} }: {
      megabytes?: number;
      adjust?: (config: Config) => void;
      environment?: Record<string, string>;
    } = {},
  ): Promise<FaultyGateway> {
    await using starting = new AsyncDisposableStack();
    const process = starting.use(await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY));
    process.environment = environment;
    const operator = new Operator(`127.0.0.1:${quietPort()}`);
    process.configure((config) => {
      config.operator.listeningAddress = operator.address;
      if (megabytes !== undefined) config.limits.minimumFreeDisk = 0; // so that disks become completely full
      adjust?.(config);
    });
    const disk = starting.use(
      megabytes === undefined ? undefined : await SmallDisk.mount(process.path("data"), megabytes),
    );
    starting.defer(async () => void await process.stop("SIGKILL")); // before its disk is unmounted
    await process.start();
    const member = await register(parseSocketAddress(process.clients)!);
    return new FaultyGateway(starting.move(), process, operator, disk, member);
  }

  /** The number of messages sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** The number of messages on the disk, counted one by one. */
  onDisk(): Promise<number> {
    return this.process.storedFor(encodeBase58(this.member.address));
  }

  /**
   * Builds packets for `count` more messages. Resolves with a function that sends them, and resolves when all are
   * accepted.
   */
  async prepare(count: number): Promise<() => Promise<void>> {
    const plan = { first: this.#sent, count, clients: 1, connections: 1, realEvery: 1 };
    this.#sent += count;
    const { streams: [frames] } = await makePackets(
      decodeBase58(this.process.publicKey)!,
      [this.member.address],
      plan,
    );
    return () => post(parseSocketAddress(this.process.mixnet)!, frames!);
  }

  /** Sends `count` more messages; resolves when these and all previous ones are stored. */
  async store(count: number): Promise<void> {
    const before = await this.operator.metric("messages_stored_total");
    const send = await this.prepare(count);
    await send();
    await this.operator.reaches("messages_stored_total", before + count, 60_000);
  }

  /** Sends `count` messages that must not be stored. The next ones reuse their numbers. */
  async drop(count: number): Promise<void> {
    const send = await this.prepare(count);
    await send();
    this.#sent -= count;
  }

  /** Logs in and reads everything sent since the last call: each message once, in order, and nothing else. */
  async readAll(): Promise<void> {
    const confirmed = await this.operator.metric("messages_confirmed_total");
    await using client = await logIn(this.#clients, this.member);
    const received = (await client.messages(this.#sent - this.#read)).map(numberOf);
    assertEquals(received, range(received.length, this.#read));
    assertEquals(client.unread.length, 0);
    client.send(JSON.stringify({ type: "received", frames: received.length }));
    await this.operator.reaches("messages_confirmed_total", confirmed + received.length);
    this.#read = this.#sent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }

  get #clients(): SocketAddress {
    return parseSocketAddress(this.process.clients)!;
  }
}
