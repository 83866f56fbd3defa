import { logger } from "../logging/log.ts";
import { plural } from "../text/plural.ts";
import { type HopKind, SLOT_SIZE } from "../sphinx/slots.ts";
import { Change } from "../timing/change.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

const log = logger("nym_gateway::unwrapping");

/** What the threads run. */
export const WORKER_SCRIPT = new URL("./worker.ts", import.meta.url);
/** As many packets as a read of 64 KiB brings. */
export const BATCH_SIZE = 47 * SLOT_SIZE;
/** Batches that a worker may have at a time: enough that it is never idle, few enough that waits are short. */
const BATCHES_PER_WORKER = 4;
/** ms until a replacement worker that could not be started is retried. */
export const RESTART_DELAY = 1000;

interface Batch {
  /** all slots of its buffer */
  readonly buffer: Uint8Array<SharedArrayBuffer>;
  /** bytes of the slots that it uses: packets until it is done, so that another worker can take over when one dies */
  readonly size: number;
  /** A worker died while it had this batch. An idle worker retries it, and it is given up if that one dies too. */
  suspect: boolean;
  /** "done" when its slots hold results; "lost" once it was given up */
  outcome: "done" | "lost" | undefined;
  /** processing time of the worker */
  seconds: number;
}

/** Receives the results of a batch (see slots.ts), valid until it returns, and the seconds spent on them. */
export type OnResults = (results: Uint8Array, packets: number, seconds: number) => void;

interface Thread {
  worker: Worker;
  /** what it is working on, in order */
  batches: Batch[];
}

/**
 * Spreads packets over workers that unwrap them in batches, and passes the results on in order of arrival.
 *
 * Its one queue, the batches in flight, is bounded by `BATCHES_PER_WORKER` per worker, including batches that are done but
 * wait for an earlier one. When it is full and the next batch is full too, there is no {@linkcode room}. A batch is sent as
 * soon as it is full, or at a flush when a worker is free: a lone packet does not wait, and under load batches fill up.
 */
export class UnwrappingPool {
  readonly #privateKey: Uint8Array;
  readonly #hops: HopKind;
  readonly #script: URL;
  readonly #onResults: OnResults;
  readonly #onLost: (packets: number) => void;
  /** all workers, including those that are still starting */
  readonly #workers = new Set<Worker>();
  /** the workers that are ready */
  readonly #threads: Thread[] = [];
  /** in order of arrival, which is the order in which results are passed on; at most `#maximum` */
  readonly #inFlight: Batch[] = [];
  /** those whose worker died, until another one is idle */
  readonly #orphans: Batch[] = [];
  readonly #maximum: number;
  /** shared with the workers, divided into buffers: one for each batch in flight and one to fill */
  readonly #memory: SharedArrayBuffer;
  /** buffers that no batch uses; the one used last comes first, as it is in the processor's cache */
  readonly #free: Uint8Array<SharedArrayBuffer>[] = [];
  #filling: Uint8Array<SharedArrayBuffer>;
  #filled = 0;
  readonly #room = new Change();
  readonly #idle = new Change();
  #closed = false;

  private constructor(
    privateKey: Uint8Array,
    hops: HopKind,
    workers: number,
    onResults: OnResults,
    onLost: (packets: number) => void,
    script: URL,
  ) {
    this.#privateKey = privateKey;
    this.#hops = hops;
    this.#maximum = BATCHES_PER_WORKER * workers;
    this.#script = script;
    this.#onResults = onResults;
    this.#onLost = onLost;
    this.#memory = new SharedArrayBuffer((this.#maximum + 1) * BATCH_SIZE);
    for (let at = 0; at < this.#memory.byteLength; at += BATCH_SIZE) {
      this.#free.push(new Uint8Array(this.#memory, at, BATCH_SIZE));
    }
    this.#filling = this.#free.pop()!;
  }

  /**
   * Starts `workers` threads, which run `script` (worker.ts) and handle `hops`. `onLost` is called with the number of packets that were given
   * up because they crashed workers.
   */
  static async start(
    privateKey: Uint8Array,
    hops: HopKind,
    workers: number,
    onResults: OnResults,
    onLost: (packets: number) => void,
    script = WORKER_SCRIPT,
  ): Promise<UnwrappingPool> {
    const pool = new UnwrappingPool(privateKey, hops, workers, onResults, onLost, script);
    try {
      const kernels = await Promise.all(Array.from({ length: workers }, () => pool.#spawn()));
      log.info(`unwrapping with ${kernels[0]} in ${plural(workers, "worker")}`);
    } catch (error) {
      pool.#terminate();
      throw error;
    }
    return pool;
  }

  /** Copies the packet into the batch that is filling. Ask for {@linkcode room} first. */
  add(packet: Uint8Array): void {
    this.#filling.set(packet, this.#filled);
    this.#filled += SLOT_SIZE;
    if (this.#filled === BATCH_SIZE) this.flush();
  }

  /** undefined when there is room for a packet, else a promise that resolves when there may be. */
  room(): Promise<void> | undefined {
    return this.#filled < BATCH_SIZE ? undefined : this.#room.next;
  }

  /** Sends what has been added so far if a worker is idle; otherwise it goes when one is, or when the batch is full. */
  flush(): void {
    while (this.#orphans.length > 0) {
      const idle = this.#freeThread(1);
      if (idle === undefined) break;
      this.#dispatch(this.#orphans.shift()!, idle);
    }
    if (this.#filled === 0 || this.#inFlight.length >= this.#maximum) return;
    const free = this.#freeThread(this.#filled === BATCH_SIZE ? BATCHES_PER_WORKER : 1);
    if (free !== undefined) this.#send(free);
  }

  /** Workers that are ready and have not died. */
  get alive(): number {
    return this.#threads.length;
  }

  /** Packets in flight or waiting for a worker. */
  get queued(): number {
    return this.#inFlight.reduce((sum, { size }) => sum + size, this.#filled) / SLOT_SIZE;
  }

  /** Waits for the results of all that was added, then ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.flush();
    while (this.#inFlight.length > 0 || this.#filled > 0) await this.#idle.next;
    this.#terminate();
  }

  #terminate(): void {
    this.#closed = true;
    for (const worker of this.#workers) worker.terminate();
  }

  /** The least busy thread, if it has fewer than `limit` batches and no suspect. */
  #freeThread(limit: number): Thread | undefined {
    let free: Thread | undefined;
    for (const thread of this.#threads) {
      if (thread.batches.length < (free?.batches.length ?? limit) && !thread.batches[0]?.suspect) free = thread;
    }
    return free;
  }

  #send(thread: Thread): void {
    const batch: Batch = {
      buffer: this.#filling,
      size: this.#filled,
      suspect: false,
      outcome: undefined,
      seconds: 0,
    };
    this.#filling = this.#free.pop()!; // there is one, because fewer than #maximum batches were in flight
    this.#filled = 0;
    this.#inFlight.push(batch);
    this.#dispatch(batch, thread);
    this.#room.happened();
  }

  #dispatch(batch: Batch, thread: Thread): void {
    thread.batches.push(batch);
    const from = batch.buffer.byteOffset;
    thread.worker.postMessage({ from, to: from + batch.size } satisfies ToWorker);
  }

  /** Starts a worker. Resolves to the name of its way to unwrap once it is ready and has taken what was waiting. */
  async #spawn(): Promise<string> {
    const worker = new Worker(this.#script, { type: "module" });
    this.#workers.add(worker);
    const thread: Thread = { worker, batches: [] };
    const ready = Promise.withResolvers<string>();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("ready" in data) ready.resolve(data.ready);
      else this.#take(thread, data.seconds);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // otherwise the whole program ends
      ready.reject(new Error(`cannot start an unwrapping worker: ${event.message}`));
      this.#bury(thread, event.message);
    };
    worker.postMessage(
      { privateKey: this.#privateKey, hops: this.#hops, memory: this.#memory } satisfies ToWorker,
    );
    const kernel = await ready.promise;
    this.#threads.push(thread);
    this.flush();
    return kernel;
  }

  #take(thread: Thread, seconds: number): void {
    const batch = thread.batches.shift()!;
    batch.outcome = "done";
    batch.seconds = seconds;
    this.#passOn();
    this.flush();
  }

  #passOn(): void {
    for (let next = this.#inFlight[0]; next?.outcome !== undefined; next = this.#inFlight[0]) {
      const { buffer, size, outcome, seconds } = next;
      if (outcome === "lost") this.#onLost(size / SLOT_SIZE);
      else this.#onResults(buffer.subarray(0, size), size / SLOT_SIZE, seconds);
      this.#inFlight.shift();
      this.#free.push(buffer);
    }
    if (this.#inFlight.length > 0) return;
    this.#idle.happened();
  }

  /**
   * A worker died. Results that it had sent may be lost with it, so there is no telling which batch killed it: all of its
   * batches are retried, each on its own.
   */
  #bury(thread: Thread, reason: string): void {
    this.#workers.delete(thread.worker);
    thread.worker.terminate();
    const at = this.#threads.indexOf(thread);
    if (at < 0) return; // it never became ready
    this.#threads.splice(at, 1);
    log.error(`an unwrapping worker died and is replaced: ${reason}`);
    for (const batch of thread.batches) {
      if (batch.suspect) batch.outcome = "lost";
      else this.#orphans.push(batch);
      batch.suspect = true;
    }
    this.#passOn();
    this.#respawn();
  }

  #respawn(): void {
    if (this.#closed) return;
    this.#spawn().catch((error) => {
      log.error(`${error}`);
      setTimeout(() => this.#respawn(), RESTART_DELAY);
    });
  }
}
