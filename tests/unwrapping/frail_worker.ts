/// <reference lib="webworker" />
import { SLOT_SIZE } from "../../src/sphinx/slots.ts";
import type { FromWorker, ToWorker } from "../../src/unwrapping/worker.ts";
import { FRAIL } from "./frail.ts";

/**
 * Stands in for src/unwrapping/worker.ts, and dies of some packets. The result of a packet is the packet; in place of
 * the private key it gets the path of a folder whose files tell what is to happen once.
 */
declare const self: DedicatedWorkerGlobalScope;

Error.stackTraceLimit = 0; // the runtime writes each death to standard error: shortly, then

let folder: string;
let memory: SharedArrayBuffer;

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("privateKey" in data) {
    folder = new TextDecoder().decode(data.privateKey);
    memory = data.memory;
    if (happensOnce("no start")) throw new Error("cannot start");
    self.postMessage({ ready: "frailty" } satisfies FromWorker);
    return;
  }
  const batch = new Uint8Array(memory, data.from, data.to - data.from);
  for (let at = 0; at < batch.length; at += SLOT_SIZE) {
    const kind = batch[at];
    if (kind === FRAIL.deadly) throw new Error("a deadly packet");
    if (kind === FRAIL.deadlyOnce && happensOnce("deadly once")) throw new Error("a packet that is deadly once");
    if (kind === FRAIL.slow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
  self.postMessage({ seconds: 0 } satisfies FromWorker);
};

function happensOnce(name: string): boolean {
  try {
    Deno.removeSync(`${folder}/${name}`);
    return true;
  } catch {
    return false;
  }
}
