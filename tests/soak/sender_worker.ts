/// <reference lib="webworker" />
import { frame } from "../../src/mixnet/frames.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { PacketFactory } from "../bench/load/packet_factory.ts";
import { range } from "../mailbox/messages.ts";
import { Random } from "../support/random.ts";

/** Packets for these clients (addresses of 32 bytes) in random order, `rate` per second. */
export interface SendOrder {
  mixnet: SocketAddress;
  gatewayKey: Uint8Array;
  clients: Uint8Array[];
  rate: number;
  seconds: number;
}

/** The number of messages sent to each client so far; they are numbered from 1. */
export interface Sent {
  counts: number[];
  done: boolean;
}

declare const self: DedicatedWorkerGlobalScope;

/** ms between two bursts of due packets */
const BURST_INTERVAL = 20;
const MAX_SIZE = 975;

self.onmessage = async ({ data: { mixnet, gatewayKey, clients, rate, seconds } }: MessageEvent<SendOrder>) => {
  const random = new Random(0);
  const factory = new PacketFactory(gatewayKey);
  const counts = clients.map(() => 0);
  using connection = await Deno.connect({ hostname: mixnet.host, port: mixnet.port });
  const began = performance.now();
  for (let sent = 0; sent < seconds * rate;) {
    const due = Math.min(seconds * rate, Math.floor((performance.now() - began) * rate / 1000));
    const packets = range(Math.min(due - sent, rate)).map(() => {
      const client = random.below(clients.length);
      const message = random.bytes(random.between(4, MAX_SIZE));
      new DataView(message.buffer).setUint32(0, ++counts[client]!);
      return factory.build(clients[client]!, message);
    });
    const frames = frame(...packets);
    for (let at = 0; at < frames.length;) at += await connection.write(frames.subarray(at));
    sent += packets.length;
    self.postMessage({ counts, done: false } satisfies Sent);
    await new Promise((resolve) => setTimeout(resolve, BURST_INTERVAL));
  }
  self.postMessage({ counts, done: true } satisfies Sent);
};
