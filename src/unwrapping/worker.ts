/// <reference lib="webworker" />
import { chooseUnwrap } from "../sphinx/kernel/kernel.ts";
import type { HopKind, UnwrapBatch } from "../sphinx/slots.ts";

/** Where a batch is in the memory that the pool shares with its workers, in bytes. */
export interface Span {
  /** where its first slot begins */
  readonly from: number;
  /** where its last slot ends */
  readonly to: number;
}

/**
 * What a worker receives: first the private key, which hops to handle and the shared memory, and then, once it has reported
 * that it is ready, where the batches are.
 */
export type ToWorker = { privateKey: Uint8Array; hops: HopKind; memory: SharedArrayBuffer } | Span;
/** What a worker sends: the name of its way to unwrap once it is ready, then how long each batch took. */
export type FromWorker = { ready: string } | { seconds: number };

declare const self: DedicatedWorkerGlobalScope;

let unwrapBatch: UnwrapBatch;
let shared: Uint8Array;
/** Batches are unwrapped here, so that one that ends the worker is whole for the next worker. */
let own = new Uint8Array(0);

// Not async: an exception must end the worker before it takes the next batch. The pool relies on that.
self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("privateKey" in data) {
    shared = new Uint8Array(data.memory);
    void start(data.privateKey, data.hops);
    return;
  }
  const begin = performance.now();
  const size = data.to - data.from;
  if (own.length < size) own = new Uint8Array(size);
  const batch = own.subarray(0, size);
  batch.set(shared.subarray(data.from, data.to));
  unwrapBatch(batch);
  shared.set(batch, data.from);
  self.postMessage({ seconds: (performance.now() - begin) / 1000 } satisfies FromWorker);
};

async function start(privateKey: Uint8Array, hops: HopKind): Promise<void> {
  const chosen = await chooseUnwrap(privateKey, hops);
  unwrapBatch = chosen.unwrapBatch;
  self.postMessage({ ready: chosen.name } satisfies FromWorker);
}
