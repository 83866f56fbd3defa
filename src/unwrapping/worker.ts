/// <reference lib="webworker" />
import { chooseUnwrap } from "../sphinx/kernel/kernel.ts";
import type { UnwrapBatch } from "../sphinx/slots.ts";

/**
 * One thread of the pool: the private key comes first; once it is ready, which it says with the name of its way to
 * unwrap, batches come. Each goes back with results in its slots and the time that they took.
 */
export type ToWorker = { privateKey: Uint8Array } | { batch: Uint8Array<ArrayBuffer> };
export type FromWorker = { ready: string } | { batch: Uint8Array<ArrayBuffer>; seconds: number };

declare const self: DedicatedWorkerGlobalScope;

let unwrapBatch: UnwrapBatch;

// Not async: what is thrown for a batch ends the worker before it takes the next one, of which the pool makes use.
self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("privateKey" in data) {
    void start(data.privateKey);
    return;
  }
  const begin = performance.now();
  unwrapBatch(data.batch);
  const seconds = (performance.now() - begin) / 1000;
  self.postMessage({ batch: data.batch, seconds } satisfies FromWorker, [data.batch.buffer]);
};

async function start(privateKey: Uint8Array): Promise<void> {
  const chosen = await chooseUnwrap(privateKey);
  unwrapBatch = chosen.unwrapBatch;
  self.postMessage({ ready: chosen.name } satisfies FromWorker);
}
