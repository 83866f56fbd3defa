import { logger } from "../log.ts";
import { PACKET_SIZE } from "../sphinx/constants.ts";
import { BATCH_SIZE } from "./slots.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

const log = logger("nym_gateway::unwrapping");

/** Batches a worker may have at a time: enough to be never idle, few enough for short waits. */
const BATCHES_PER_WORKER = 4;
/** A batch that took this many workers down with it is given up, so that it cannot take all in turn. */
const ATTEMPTS = 2;

interface Batch {
  /** the packets, kept until the results are here, so that another worker can do them when one dies */
  packets: Uint8Array<ArrayBuffer>;
  worker: Thread | undefined;
  attempts: number;
  /** the same slots with results in them; "lost" once the batch was given up */
  results: Uint8Array | "lost" | undefined;
}

interface Thread {
  worker: Worker;
  batches: number;
}

/**
 * Spreads packets over workers that unwrap them in batches, and hands the results on in the order of arrival.
 *
 * Its one queue, the batches in flight, is bounded by `BATCHES_PER_WORKER` for each worker; when they are all out and
 * the next batch is full, there is no {@linkcode room}. A batch is sent as soon as it is full, or at a flush when a
 * worker is free: alone on the line a packet does not wait, in a crowd batches fill up.
 */
export class UnwrappingPool {
  readonly #privateKey: Uint8Array;
  readonly #onResults: (results: Uint8Array, packets: number) => void;
  readonly #onLost: (packets: number) => void;
  readonly #threads: Thread[] = [];
  /** in order of arrival; the first one's results are handed on first */
  readonly #inFlight: Batch[] = [];
  #filling = new Uint8Array(BATCH_SIZE);
  #filled = 0;
  #room = Promise.withResolvers<void>();
  #idle = Promise.withResolvers<void>();
  #closed = false;

  private constructor(
    privateKey: Uint8Array,
    onResults: (results: Uint8Array, packets: number) => void,
    onLost: (packets: number) => void,
  ) {
    this.#privateKey = privateKey;
    this.#onResults = onResults;
    this.#onLost = onLost;
  }

  /**
   * Starts `workers` threads. `onResults` gets a batch with its results (see slots.ts; the buffer is the callee's);
   * `onLost` is told of packets that could not be unwrapped because they brought workers down.
   */
  static async start(
    privateKey: Uint8Array,
    workers: number,
    onResults: (results: Uint8Array, packets: number) => void,
    onLost: (packets: number) => void,
  ): Promise<UnwrappingPool> {
    const pool = new UnwrappingPool(privateKey, onResults, onLost);
    await Promise.all(Array.from({ length: workers }, () => pool.#spawn()));
    return pool;
  }

  /** Copies the packet into the batch that is filling. Ask for {@linkcode room} first. */
  add(packet: Uint8Array): void {
    this.#filling.set(packet, this.#filled);
    this.#filled += PACKET_SIZE;
    if (this.#filled === BATCH_SIZE && this.#freeThread(BATCHES_PER_WORKER) !== undefined) this.#send();
  }

  /** undefined when there is room for a packet, else a promise that there may be. */
  room(): Promise<void> | undefined {
    return this.#filled < BATCH_SIZE ? undefined : this.#room.promise;
  }

  /** Sends what has come so far, if a worker waits for work; else it goes when a worker is free. */
  flush(): void {
    if (this.#filled > 0 && this.#freeThread(1) !== undefined) this.#send();
  }

  /** Packets in flight or waiting for a worker. */
  get queued(): number {
    return this.#inFlight.reduce((sum, batch) => sum + batch.packets.length, this.#filled) / PACKET_SIZE;
  }

  /** Waits for the results of all that was added, then ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    while (this.#inFlight.length > 0 || this.#filled > 0) await this.#idle.promise;
    this.#closed = true;
    for (const { worker } of this.#threads) worker.terminate();
  }

  /** The least busy thread, if it has fewer than `limit` batches. */
  #freeThread(limit: number): Thread | undefined {
    let free: Thread | undefined;
    for (const thread of this.#threads) if (thread.batches < (free?.batches ?? limit)) free = thread;
    return free;
  }

  #send(): void {
    const packets = this.#filling.subarray(0, this.#filled);
    const batch: Batch = { packets, worker: undefined, attempts: 0, results: undefined };
    this.#filling = new Uint8Array(BATCH_SIZE);
    this.#filled = 0;
    this.#inFlight.push(batch);
    this.#dispatch(batch);
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  #dispatch(batch: Batch): void {
    const thread = this.#freeThread(Infinity);
    if (thread === undefined) return; // all have just died: the first to be replaced takes it
    batch.worker = thread;
    batch.attempts++;
    thread.batches++;
    // A copy goes (some 5 µs a batch); the results come back in it by transfer.
    const copy = batch.packets.slice();
    thread.worker.postMessage({ batch: copy } satisfies ToWorker, [copy.buffer]);
  }

  async #spawn(): Promise<void> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const thread: Thread = { worker, batches: 0 };
    const ready = Promise.withResolvers<void>();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("ready" in data) ready.resolve();
      else this.#take(thread, data.batch);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // else the whole program ends
      ready.reject(new Error(`cannot start an unwrapping worker: ${event.message}`));
      this.#replace(thread, event.message);
    };
    worker.postMessage({ privateKey: this.#privateKey } satisfies ToWorker);
    await ready.promise;
    this.#threads.push(thread);
    for (const batch of this.#inFlight) if (batch.worker === undefined) this.#dispatch(batch);
  }

  /** A worker does its batches in order, so its results belong to the oldest one that it has. */
  #take(thread: Thread, results: Uint8Array): void {
    const batch = this.#inFlight.find((each) => each.worker === thread && each.results === undefined)!;
    batch.results = results;
    thread.batches--;
    this.#handOn();
    const waiting = this.#filled === BATCH_SIZE ? BATCHES_PER_WORKER : 1;
    if (this.#filled > 0 && this.#freeThread(waiting) !== undefined) this.#send();
    if (this.#inFlight.length === 0) {
      this.#idle.resolve();
      this.#idle = Promise.withResolvers();
    }
  }

  #handOn(): void {
    while (this.#inFlight[0]?.results !== undefined) {
      const { results, packets } = this.#inFlight.shift()!;
      const count = packets.length / PACKET_SIZE;
      if (results === "lost") this.#onLost(count);
      else this.#onResults(results!, count);
    }
  }

  #replace(thread: Thread, reason: string): void {
    const at = this.#threads.indexOf(thread);
    if (at < 0) return; // it never got to work
    this.#threads.splice(at, 1);
    thread.worker.terminate();
    log.error(`an unwrapping worker died and is replaced: ${reason}`);
    const orphans = this.#inFlight.filter((batch) => batch.worker === thread && batch.results === undefined);
    orphans.forEach((batch, i) => {
      batch.worker = undefined;
      if (i === 0 && batch.attempts >= ATTEMPTS) batch.results = "lost"; // only the first one was being worked on
    });
    this.#handOn();
    this.#spawn().catch((error) => log.error(String(error)));
  }
}
