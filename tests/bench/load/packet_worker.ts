/// <reference lib="webworker" />
import { FRAME_SIZE } from "../../../src/mixnet/frames.ts";
import { PacketFactory } from "./packet_factory.ts";
import { isReal, LOOP_COVER, MESSAGE_SIZE, type Plan } from "./plan.ts";

/** Build frames of packets with these numbers, each for the client (32 bytes) at the same index. */
export interface FramesOrder {
  gatewayKey: Uint8Array;
  plan: Plan;
  numbers: number[];
  clients: Uint8Array[];
}

declare const self: DedicatedWorkerGlobalScope;

self.onmessage = ({ data: { gatewayKey, plan, numbers, clients } }: MessageEvent<FramesOrder>) => {
  const factory = new PacketFactory(gatewayKey);
  const frames = new Uint8Array(numbers.length * FRAME_SIZE);
  numbers.forEach((number, i) => {
    const message = isReal(plan, number) ? crypto.getRandomValues(new Uint8Array(MESSAGE_SIZE)) : LOOP_COVER;
    if (message !== LOOP_COVER) new DataView(message.buffer).setUint32(0, number);
    frames.set(factory.build(clients[i]!, message), i * FRAME_SIZE + 1);
  });
  self.postMessage(frames, [frames.buffer]);
};
