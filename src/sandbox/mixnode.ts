import { setImmediate } from "node:timers/promises";
import { encodeBase58 } from "../encoding/base58.ts";
import { pause } from "../timing/pause.ts";
import { Forwarder } from "../mixnet/forwarder.ts";
import { MixnetListener } from "../mixnet/listener.ts";
import { generateKeyPair, type KeyPair } from "../sphinx/curve.ts";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { decodeNodeAddress } from "../sphinx/node_address.ts";
import { unwrap } from "../sphinx/unwrap.ts";
import { PROTOCOL_VERSION } from "../build/version.ts";
import type { CounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";

/** The most packets read but not yet unwrapped. When full, the listener stops reading. */
const UNWRAPPING_QUEUE = 256;
/** The most packets waiting for their delay: 22 MB. Further packets are dropped. */
const HELD_PACKETS = 16_384;
/** The longest that a packet is held, whatever it asks for, in ms: a thousand times the usual mean. */
const LONGEST_DELAY = 200_000;
/** ms between two announcements */
const PRESENCE_INTERVAL = 1500;
/** The connection settings of 0.7.0 mixnodes, in ms, with a short first backoff for a network that is just starting. */
const CONNECT_SETTINGS = { connectTimeout: 1500, initialBackoff: 250, maximumBackoff: 300_000 };

/** The counters of a mixnode: a gateway's counters for its connections, and its own for packets. */
export type MixnodeCounterName =
  | CounterName
  | "packets_mixed"
  | `packets_dropped_${"final_hop" | "address" | "no_room" | "ending"}`
  | "presence_failed";

/** A mixnode (spec §8): removes a layer from each packet, holds it for its delay, and sends it to the next hop. */
export class Mixnode {
  /** 1 for the first layer of the mixnet */
  readonly layer: number;
  readonly #keys: KeyPair = generateKeyPair();
  readonly #listener: MixnetListener;
  readonly #forwarder: Forwarder;
  readonly #count: Count<MixnodeCounterName>;
  readonly #directory: string;
  readonly #queue: Uint8Array[] = [];
  readonly #held = new Set<ReturnType<typeof setTimeout>>();
  #unwrapping: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  readonly #announced = Promise.withResolvers<void>();
  readonly #ending = new AbortController();
  readonly #announcing: Promise<void>;

  /** Listens on `address` (port 0: any free one) and announces itself to `directory` (base URL). */
  constructor(address: SocketAddress, layer: number, directory: string, count: Count<MixnodeCounterName>) {
    this.layer = layer;
    this.#directory = directory;
    this.#count = count;
    this.#forwarder = new Forwarder(CONNECT_SETTINGS, count);
    const sink = {
      add: (packet: Uint8Array) => void this.#queue.push(packet.slice()),
      room: () => this.#queue.length < UNWRAPPING_QUEUE ? undefined : (this.#room ??= Promise.withResolvers()).promise,
      flush: () => void (this.#queue.length > 0 && (this.#unwrapping ??= this.#unwrapAll())),
    };
    this.#listener = MixnetListener.listen(address, sink, count);
    this.#announcing = this.#announce();
  }

  /** The address it listens on. */
  get address(): SocketAddress {
    return this.#listener.address;
  }

  /** 32 bytes */
  get publicKey(): Uint8Array {
    return this.#keys.publicKey;
  }

  /** Resolves once the directory lists this mixnode. */
  announced(): Promise<void> {
    return this.#announced.promise;
  }

  /** Drops the packets still waiting for their delay and closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#announcing;
    await this.#listener[Symbol.asyncDispose]();
    await this.#unwrapping;
    for (const timer of this.#held) clearTimeout(timer);
    this.#count("packets_dropped_ending", this.#held.size);
    await this.#forwarder[Symbol.asyncDispose]();
  }

  /** Yields after each packet: one takes milliseconds, and everything else runs in this process too. */
  async #unwrapAll(): Promise<void> {
    for (let packet = this.#queue.shift(); packet !== undefined; packet = this.#queue.shift()) {
      this.#room?.resolve();
      this.#room = undefined;
      this.#process(packet);
      await setImmediate();
    }
    this.#unwrapping = undefined;
  }

  #process(packet: Uint8Array): void {
    const unwrapped = unwrap(packet, this.#keys.privateKey);
    if (unwrapped.kind === "dropped") return this.#count(`packets_dropped_${unwrapped.reason}`);
    if (unwrapped.kind === "message") return this.#count("packets_dropped_final_hop");
    const next = decodeNodeAddress(unwrapped.nextAddress);
    if (next === undefined) return this.#count("packets_dropped_address");
    if (this.#held.size >= HELD_PACKETS) return this.#count("packets_dropped_no_room");
    const delay = Math.min(Number(unwrapped.delay) / 1e6, LONGEST_DELAY);
    const timer = setTimeout(() => {
      this.#held.delete(timer);
      this.#forwarder.forward(next, unwrapped.packet);
    }, delay);
    this.#held.add(timer);
    this.#count("packets_mixed");
  }

  async #announce(): Promise<void> {
    const presence = {
      host: formatSocketAddress(this.address),
      pubKey: encodeBase58(this.publicKey),
      layer: this.layer,
      location: "local",
      lastSeen: 0,
      version: PROTOCOL_VERSION,
    };
    const headers = { "content-type": "application/json" };
    const { signal } = this.#ending;
    const request = { method: "POST", headers, body: JSON.stringify(presence), signal };
    while (!signal.aborted) {
      try {
        const response = await fetch(`${this.#directory}/api/presence/mixnodes`, request);
        await response.body?.cancel();
        this.#announced.resolve();
      } catch {
        this.#count("presence_failed"); // the next one is due anyway
      }
      await pause(PRESENCE_INTERVAL, signal);
    }
  }
}
