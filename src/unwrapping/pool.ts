import { logger } from "../logging/log.ts";
import { PACKET_SIZE } from "../sphinx/constants.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

const log = logger("nym_gateway::unwrapping");

/** What the threads run. */
export const WORKER_SCRIPT = new URL("./worker.ts", import.meta.url);
/** Just under 64 KiB. */
export const BATCH_SIZE = 47 * PACKET_SIZE;
/** Batches a worker may have at a time: enough to be never idle, few enough for short waits. */
const BATCHES_PER_WORKER = 4;
/** When a worker can't be started in another's place, it is tried again this many ms later. */
export const RESTART_DELAY = 1000;

interface Batch {
  /** the packets, kept until the results are here, so that another worker can do them when one dies */
  packets: Uint8Array<ArrayBuffer>;
  /** A worker died that had it: it is done again by one that has nothing else, and given up if that dies too. */
  suspect: boolean;
  /** the same slots with results in them; "lost" once the batch was given up */
  results: Uint8Array | "lost" | undefined;
  /** that a worker took for them */
  seconds: number;
}

/** What takes the results of a batch (see slots.ts; the buffer is its own), and the time that a worker took for them. */
export type OnResults = (results: Uint8Array, packets: number, seconds: number) => void;

interface Thread {
  worker: Worker;
  /** what it has to do, in the order in which it does it */
  batches: Batch[];
}

/**
 * Spreads packets over workers that unwrap them in batches, and hands the results on in the order of arrival.
 *
 * Its one queue, the batches in flight, is bounded by `BATCHES_PER_WORKER` for each worker, those included that are done
 * and wait for an earlier one; when there are as many and the next batch is full, there is no {@linkcode room}. A batch is sent as soon as it is full, or at a flush when a
 * worker is free: alone on the line a packet does not wait, in a crowd batches fill up.
 */
export class UnwrappingPool {
  readonly #privateKey: Uint8Array;
  readonly #script: URL;
  readonly #onResults: OnResults;
  readonly #onLost: (packets: number) => void;
  /** all workers, and those of them that have come up */
  readonly #workers = new Set<Worker>();
  readonly #threads: Thread[] = [];
  /** in order of arrival; the first one's results are handed on first; at most `#maximum` */
  readonly #inFlight: Batch[] = [];
  /** those of them whose worker died, until another has nothing else to do */
  readonly #orphans: Batch[] = [];
  readonly #maximum: number;
  #filling = new Uint8Array(BATCH_SIZE);
  #filled = 0;
  #room = Promise.withResolvers<void>();
  #idle = Promise.withResolvers<void>();
  #closed = false;

  private constructor(
    privateKey: Uint8Array,
    workers: number,
    onResults: OnResults,
    onLost: (packets: number) => void,
    script: URL,
  ) {
    this.#privateKey = privateKey;
    this.#maximum = BATCHES_PER_WORKER * workers;
    this.#script = script;
    this.#onResults = onResults;
    this.#onLost = onLost;
  }

  /**
   * Starts `workers` threads. `onLost` is told of packets that could not be unwrapped because they brought workers down.
   * `script` is what the threads run (worker.ts).
   */
  static async start(
    privateKey: Uint8Array,
    workers: number,
    onResults: OnResults,
    onLost: (packets: number) => void,
    script = WORKER_SCRIPT,
  ): Promise<UnwrappingPool> {
    const pool = new UnwrappingPool(privateKey, workers, onResults, onLost, script);
    try {
      const ways = await Promise.all(Array.from({ length: workers }, () => pool.#spawn()));
      log.info(`unwrapping with ${ways[0]} in ${workers} worker${workers === 1 ? "" : "s"}`);
    } catch (error) {
      pool.#terminate();
      throw error;
    }
    return pool;
  }

  /** Copies the packet into the batch that is filling. Ask for {@linkcode room} first. */
  add(packet: Uint8Array): void {
    this.#filling.set(packet, this.#filled);
    this.#filled += PACKET_SIZE;
    if (this.#filled === BATCH_SIZE) this.flush();
  }

  /** undefined when there is room for a packet, else a promise that there may be. */
  room(): Promise<void> | undefined {
    return this.#filled < BATCH_SIZE ? undefined : this.#room.promise;
  }

  /** Sends what has come so far, if a worker waits for work; else it goes when one does, or when the batch is full. */
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

  /** Workers that have come up and not died. */
  get alive(): number {
    return this.#threads.length;
  }

  /** Packets in flight or waiting for a worker. */
  get queued(): number {
    return this.#inFlight.reduce((sum, batch) => sum + batch.packets.length, this.#filled) / PACKET_SIZE;
  }

  /** Waits for the results of all that was added, then ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.flush();
    while (this.#inFlight.length > 0 || this.#filled > 0) await this.#idle.promise;
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
    const packets = this.#filling.subarray(0, this.#filled);
    const batch: Batch = { packets, suspect: false, results: undefined, seconds: 0 };
    this.#filling = new Uint8Array(BATCH_SIZE);
    this.#filled = 0;
    this.#inFlight.push(batch);
    this.#dispatch(batch, thread);
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  #dispatch(batch: Batch, thread: Thread): void {
    thread.batches.push(batch);
    // A copy goes (some 5 µs a batch); the results come back in it by transfer.
    const copy = batch.packets.slice();
    thread.worker.postMessage({ batch: copy } satisfies ToWorker, [copy.buffer]);
  }

  /** Starts a worker; resolves to its way to unwrap when it has come up, and has taken what waited for one. */
  async #spawn(): Promise<string> {
    const worker = new Worker(this.#script, { type: "module" });
    this.#workers.add(worker);
    const thread: Thread = { worker, batches: [] };
    const ready = Promise.withResolvers<string>();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("ready" in data) ready.resolve(data.ready);
      else this.#take(thread, data.batch, data.seconds);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // else the whole program ends
      ready.reject(new Error(`cannot start an unwrapping worker: ${event.message}`));
      this.#bury(thread, event.message);
    };
    worker.postMessage({ privateKey: this.#privateKey } satisfies ToWorker);
    const way = await ready.promise;
    this.#threads.push(thread);
    this.flush();
    return way;
  }

  #take(thread: Thread, results: Uint8Array, seconds: number): void {
    const batch = thread.batches.shift()!;
    batch.results = results;
    batch.seconds = seconds;
    this.#handOn();
    this.flush();
  }

  #handOn(): void {
    while (this.#inFlight[0]?.results !== undefined) {
      const { results, packets, seconds } = this.#inFlight.shift()!;
      const count = packets.length / PACKET_SIZE;
      if (results === "lost") this.#onLost(count);
      else this.#onResults(results!, count, seconds);
    }
    if (this.#inFlight.length > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  /**
   * A worker died. Which batch it died of can't be told, as results that it had sent may be lost with it: so all that it
   * had are done again, each alone.
   */
  #bury(thread: Thread, reason: string): void {
    this.#workers.delete(thread.worker);
    thread.worker.terminate();
    const at = this.#threads.indexOf(thread);
    if (at < 0) return; // it never came up
    this.#threads.splice(at, 1);
    log.error(`an unwrapping worker died and is replaced: ${reason}`);
    for (const batch of thread.batches) {
      if (batch.suspect) batch.results = "lost";
      else this.#orphans.push(batch);
      batch.suspect = true;
    }
    this.#handOn();
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
