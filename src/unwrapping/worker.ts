/// <reference lib="webworker" />
import { chooseUnwrap } from "../sphinx/kernel/kernel.ts";
import type { HopKind, UnwrapBatch } from "../sphinx/slots.ts";

/**
 * What a worker receives: first the private key and which hops to handle, and then, once it has reported that it is ready, batches.
 */
export type ToWorker = { privateKey: Uint8Array; hops: HopKind } | { batch: Uint8Array<ArrayBuffer> };
/**
 * What a worker sends: the name of its way to unwrap once it is ready, then each batch with results in its slots and the
 * time that they took.
 */
export type FromWorker = { ready: string } | { batch: Uint8Array<ArrayBuffer>; seconds: number };

declare const self: DedicatedWorkerGlobalScope;

let unwrapBatch: UnwrapBatch;

// Not async: an exception must end the worker before it takes the next batch. The pool relies on that.
self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("privateKey" in data) {
    void start(data.privateKey, data.hops);
    return;
  }
  const begin = performance.now();
  unwrapBatch(data.batch);
  const seconds = (performance.now() - begin) / 1000;
  self.postMessage({ batch: data.batch, seconds } satisfies FromWorker, [data.batch.buffer]);
};

async function start(privateKey: Uint8Array, hops: HopKind): Promise<void> {
  const chosen = await chooseUnwrap(privateKey, hops);
  unwrapBatch = chosen.unwrapBatch;
  self.postMessage({ ready: chosen.name } satisfies FromWorker);
}
