/// <reference lib="webworker" />
import { FRAME_SIZE } from "../../../src/mixnet/frames.ts";
import type { SocketAddress } from "../../../src/addresses/socket_address.ts";
import { clock } from "./plan.ts";

/** Send these streams, each over its own connection; `rate`: packets/s, 0 for as fast as possible. */
export interface SendOrder {
  to: SocketAddress;
  streams: Uint8Array<SharedArrayBuffer>[];
  rate: number;
}
/** When the first packet was due (see clock), or why not all were sent. */
export type Sent = { began: number } | { failure: string };

declare const self: DedicatedWorkerGlobalScope;

const WRITE_SIZE = 47 * FRAME_SIZE; // just under 64 KiB
/** ms until the first packet is due, so that it is not late */
const LEAD = 5;
const cell = new Int32Array(new SharedArrayBuffer(4)); // never notified: waiting on it sleeps to within 0.1 ms

self.onmessage = async ({ data }: MessageEvent<SendOrder>) => {
  self.postMessage(await send(data).catch((error): Sent => ({ failure: String(error) })));
};

async function send({ to, streams, rate }: SendOrder): Promise<Sent> {
  const connections = await Promise.all(streams.map(() => Deno.connect({ hostname: to.host, port: to.port })));
  // Otherwise the operating system delays a packet until the previous one is acknowledged, about 40 ms later.
  for (const connection of connections) connection.setNoDelay();
  const began = clock() + (rate > 0 ? LEAD : 0);
  try {
    if (rate > 0) await sendAtRate(connections[0]!, streams[0]!, began, rate);
    else await Promise.all(connections.map((connection, i) => sendAll(connection, streams[i]!)));
    return { began };
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function sendAll(connection: Deno.Conn, stream: Uint8Array): Promise<void> {
  for (let at = 0; at < stream.length; at += WRITE_SIZE) await write(connection, stream.slice(at, at + WRITE_SIZE));
}

/**
 * Packet i is due i / rate after the start, whatever happened to the previous ones. In this open loop, waiting for a
 * gateway that does not read counts for all packets due in the meantime.
 */
async function sendAtRate(connection: Deno.Conn, stream: Uint8Array, began: number, rate: number): Promise<void> {
  const count = stream.length / FRAME_SIZE;
  for (let sent = 0; sent < count;) {
    const wait = began + sent * 1000 / rate - clock();
    if (wait > 0) Atomics.wait(cell, 0, 0, wait);
    const due = Math.min(count, Math.floor((clock() - began) * rate / 1000) + 1);
    if (due <= sent) continue;
    await write(connection, stream.slice(sent * FRAME_SIZE, due * FRAME_SIZE));
    sent = due;
  }
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
