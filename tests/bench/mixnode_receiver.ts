/// <reference lib="webworker" />
/** Receives a mixnode's packets for mixnode.ts, in a thread of its own so that sending delays nothing. */
import { FrameParser } from "../../src/mixnet/frames.ts";
import { MAC_OFFSET } from "../../src/sphinx/constants.ts";

/** What it is given. A packet's MAC is its number; times in ms. */
export interface Expected {
  /** by number, of {@linkcode now} */
  readonly sentAt: Float64Array<SharedArrayBuffer>;
  /** by number */
  readonly delays: Float64Array;
  /** filled with how late each packet came, in order of arrival */
  readonly late: Float64Array<SharedArrayBuffer>;
  /** the number of packets that have come */
  readonly received: Int32Array<SharedArrayBuffer>;
}
/** What it reports: where it listens, and at last that all packets have come. */
export type Report = { port: number } | "all";

declare const self: DedicatedWorkerGlobalScope;

/** A clock that all threads share, in ms. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

async function receive({ sentAt, delays, late, received }: Expected): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  self.postMessage({ port: listener.addr.port } satisfies Report);
  using connection = await listener.accept();
  const parser = new FrameParser();
  const buffer = new Uint8Array(65_536);
  while (received[0]! < late.length) {
    const length = await connection.read(buffer);
    if (length === null) return;
    const at = now();
    for (const packet of parser.push(buffer.subarray(0, length))) {
      const number = new DataView(packet.buffer, packet.byteOffset).getUint32(MAC_OFFSET);
      late[received[0]!++] = at - sentAt[number]! - delays[number]!;
    }
  }
  self.postMessage("all" satisfies Report);
}

if (typeof DedicatedWorkerGlobalScope !== "undefined") {
  self.onmessage = ({ data }: MessageEvent<Expected>) => void receive(data);
}
