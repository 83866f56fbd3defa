import { FRAME_SIZE } from "../../../src/mixnet/frames.ts";
import type { FramesOrder } from "./packet_worker.ts";
import { clientOf, type Plan } from "./plan.ts";

/** A load ready to be sent, in shared memory. */
export interface Packets {
  plan: Plan;
  /** the frames for each connection */
  streams: Uint8Array<SharedArrayBuffer>[];
}

/** Packets that a worker builds at a time. */
const PART = 1000;

/** Builds the packets of a plan on all cores. `clients`: addresses of 32 bytes. */
export async function makePackets(
  gatewayKey: Uint8Array,
  clients: readonly Uint8Array[],
  plan: Plan,
): Promise<Packets> {
  const streams: Packets["streams"] = [];
  const parts: { stream: Uint8Array; at: number; numbers: number[] }[] = [];
  for (let connection = 0; connection < plan.connections; connection++) {
    const numbers: number[] = [];
    for (let n = plan.first + connection; n < plan.first + plan.count; n += plan.connections) numbers.push(n);
    const stream = new Uint8Array(new SharedArrayBuffer(numbers.length * FRAME_SIZE));
    streams.push(stream);
    for (let i = 0; i < numbers.length; i += PART) {
      parts.push({ stream, at: i * FRAME_SIZE, numbers: numbers.slice(i, i + PART) });
    }
  }
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
    const worker = new Worker(new URL("./packet_worker.ts", import.meta.url), { type: "module" });
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const { stream, at, numbers } = part;
      const { promise, resolve } = Promise.withResolvers<Uint8Array>();
      worker.onmessage = ({ data }) => resolve(data);
      const order: FramesOrder = {
        gatewayKey,
        plan,
        numbers,
        clients: numbers.map((n) => clients[clientOf(plan, n)]!),
      };
      worker.postMessage(order);
      stream.set(await promise, at);
    }
    worker.terminate();
  }));
  return { plan, streams };
}

/** The packets `from` to `to` of a load with one connection. */
export function slicePackets({ plan, streams: [stream] }: Packets, from: number, to: number): Packets {
  if (plan.connections !== 1) throw new Error("only loads with one connection can be sliced");
  return {
    plan: { ...plan, first: plan.first + from, count: to - from },
    streams: [stream!.subarray(from * FRAME_SIZE, to * FRAME_SIZE)],
  };
}
