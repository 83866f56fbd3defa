/// <reference lib="webworker" />
import { chooseUnwrap, type UnwrapBatch } from "../sphinx/kernel/kernel.ts";

/**
 * One thread of the pool: the private key comes first; once it is ready, which it says with the name of its way to
 * unwrap, batches come. Each goes back with results in its slots.
 */
export type ToWorker = { privateKey: Uint8Array } | { batch: Uint8Array<ArrayBuffer> };
export type FromWorker = { ready: string } | { batch: Uint8Array<ArrayBuffer> };

declare const self: DedicatedWorkerGlobalScope;

let unwrapBatch: UnwrapBatch;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ("privateKey" in data) {
    const chosen = await chooseUnwrap(data.privateKey);
    unwrapBatch = chosen.unwrapBatch;
    self.postMessage({ ready: chosen.name } satisfies FromWorker);
    return;
  }
  unwrapBatch(data.batch);
  self.postMessage({ batch: data.batch } satisfies FromWorker, [data.batch.buffer]);
};
