/// <reference lib="webworker" />
import { unwrap } from "../sphinx/unwrap.ts";
import { packetAt, writeOutcome } from "./slots.ts";

/** One thread of the pool: the private key comes first, then batches; each goes back with results in its slots. */
export type ToWorker = { privateKey: Uint8Array } | { batch: Uint8Array<ArrayBuffer> };
export type FromWorker = { ready: true } | { batch: Uint8Array<ArrayBuffer> };

declare const self: DedicatedWorkerGlobalScope;

let privateKey: Uint8Array;

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("privateKey" in data) {
    privateKey = data.privateKey;
    self.postMessage({ ready: true } satisfies FromWorker);
    return;
  }
  const { batch } = data;
  const packets = batch.length / packetAt(batch, 0).length;
  for (let i = 0; i < packets; i++) writeOutcome(batch, i, unwrap(packetAt(batch, i), privateKey));
  self.postMessage({ batch } satisfies FromWorker, [batch.buffer]);
};
