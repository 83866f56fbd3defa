import { logger } from "../logging/log.ts";
import { plural } from "../text/plural.ts";
import { PACKET_SIZE } from "../sphinx/constants.ts";
import { chooseUnwrap } from "../sphinx/kernel/kernel.ts";
import { type HopKind, SLOT_SIZE, type UnwrapBatch } from "../sphinx/slots.ts";
import { BATCH_SIZE, type OnResults, RESTART_DELAY, UnwrappingPool, WORKER_SCRIPT } from "./pool.ts";

const log = logger("nym_gateway::unwrapping");

/** ms over which the load is judged */
const WINDOW = 1000;
/**
 * Share of a core that packets must take for workers to be started. While few packets come at a time, each costs up to half
 * as much again with workers, and takes longer (tests/bench/README.md). Above this share, this thread would soon have no
 * time for anything else.
 */
const HIGH_LOAD = 0.5;
/** Share of a core below which, over a whole period, workers are ended. It is smaller, or they would come and go. */
const LOW_LOAD = 0.4;
/** ms */
const PERIOD = 60_000;

/**
 * Unwraps packets on this thread under low load and in a pool of workers under high load. A worker takes some 15 MB, so an
 * idle gateway has none, and a few packets are unwrapped faster here than by a round trip to a worker.
 *
 * Results are passed on in order of arrival: those unwrapped here are passed on before the next packet is taken, the pool
 * takes what comes after that, and it is ended only while it is empty. No packet waits for workers to start.
 *
 * Its one queue of its own is the batch that is filling, of `BATCH_SIZE` bytes; when it is full there is no room.
 */
export class Unwrapping {
  #pool: UnwrappingPool | undefined;
  /** while workers are starting */
  #starting: Promise<void> | undefined;
  #started = Promise.withResolvers<void>();
  readonly #filling = new Uint8Array(BATCH_SIZE);
  /** where that is unwrapped, so that workers can take over if it fails */
  readonly #unwrapped = new Uint8Array(BATCH_SIZE);
  #filled = 0;
  /** seconds of processing since `#since` */
  #busy = 0;
  /** ms, of performance.now() */
  #since = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  private constructor(
    private readonly privateKey: Uint8Array,
    private readonly hops: HopKind,
    private readonly workers: number,
    private readonly onResults: OnResults,
    private readonly onLost: (packets: number) => void,
    private readonly period: number,
    /** undefined once it has failed, after which it is not used again */
    private unwrapHere: UnwrapBatch | undefined,
    private readonly script: URL,
  ) {}

  /**
   * Chooses the fastest way to unwrap here; starts no worker yet.
   *
   * @param hops those that this node handles
   * @param workers how many are started under high load
   * @param onLost is called with the number of packets that were given up because they crashed workers
   * @param period ms of low load after which the workers are ended
   * @param choose chooses how packets are unwrapped here
   * @param script what the workers run
   */
  static async start(
    privateKey: Uint8Array,
    hops: HopKind,
    workers: number,
    onResults: OnResults,
    onLost: (packets: number) => void,
    period = PERIOD,
    choose = chooseUnwrap,
    script = WORKER_SCRIPT,
  ): Promise<Unwrapping> {
    const { name, unwrapBatch } = await choose(privateKey, hops);
    log.info(`unwrapping with ${name}, in ${plural(workers, "worker")} under high load`);
    return new Unwrapping(privateKey, hops, workers, onResults, onLost, period, unwrapBatch, script);
  }

  /** Copies the packet. Ask for {@linkcode room} first. */
  add(packet: Uint8Array): void {
    if (this.#pool !== undefined) return this.#pool.add(packet);
    this.#filling.set(packet, this.#filled);
    this.#filled += SLOT_SIZE;
    if (this.#filled === BATCH_SIZE) this.flush();
  }

  /** undefined when there is room for a packet, else a promise that resolves when there may be. */
  room(): Promise<void> | undefined {
    if (this.#pool !== undefined) return this.#pool.room();
    return this.#filled < BATCH_SIZE ? undefined : this.#started.promise;
  }

  /** Unwraps what has been added so far instead of waiting for more. */
  flush(): void {
    if (this.#pool !== undefined) return this.#pool.flush();
    if (this.#filled === 0 || this.unwrapHere === undefined) return;
    const begin = performance.now();
    const batch = this.#unwrapped.subarray(0, this.#filled);
    batch.set(this.#filling.subarray(0, this.#filled));
    try {
      this.unwrapHere(batch);
    } catch (error) {
      log.error(`unwrapping failed; workers take over from now on: ${error}`);
      this.unwrapHere = undefined; // the workers find out whether it was the packets' fault
      this.#start();
      return;
    }
    this.#filled = 0;
    const now = performance.now();
    const seconds = (now - begin) / 1000;
    this.onResults(batch, batch.length / SLOT_SIZE, seconds);
    if (now - this.#since > WINDOW) this.#restartClock(now);
    this.#busy += seconds;
    if (this.#busy > HIGH_LOAD * WINDOW / 1000) this.#start();
  }

  /** How many workers there should be now; 0 while packets are unwrapped here. */
  get wanted(): number {
    return this.#pool === undefined && this.unwrapHere !== undefined ? 0 : this.workers;
  }

  /** How many workers there are. */
  get alive(): number {
    return this.#pool?.alive ?? 0;
  }

  /** Packets that were added and whose results have not been passed on. */
  get queued(): number {
    return this.#pool?.queued ?? this.#filled / SLOT_SIZE;
  }

  /** Waits for the results of all that was added, then ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.flush();
    this.#closed = true;
    await this.#starting;
    clearInterval(this.#timer);
    if (this.#pool === undefined && this.#filled > 0) this.onLost(this.#filled / SLOT_SIZE);
    await this.#pool?.[Symbol.asyncDispose]();
  }

  #start(): void {
    if (this.#closed) return;
    this.#starting ??= this.#startPool().finally(() => this.#starting = undefined);
  }

  /** Until the workers are ready, packets are unwrapped here, so that none waits for them. */
  async #startPool(): Promise<void> {
    const onResults: OnResults = (results, packets, seconds) => {
      this.#busy += seconds;
      this.onResults(results, packets, seconds);
    };
    try {
      const pool = await UnwrappingPool.start(
        this.privateKey,
        this.hops,
        this.workers,
        onResults,
        this.onLost,
        this.script,
      );
      for (let at = 0; at < this.#filled; at += SLOT_SIZE) pool.add(this.#filling.subarray(at, at + PACKET_SIZE));
      this.#filled = 0;
      this.#pool = pool;
      pool.flush();
      this.#started.resolve();
      this.#restartClock(performance.now());
      this.#timer = setInterval(() => this.#look(), this.period);
    } catch (error) {
      log.error(`${error instanceof Error ? error.message : error}`);
      this.#restartClock(performance.now());
      if (this.unwrapHere === undefined) this.#timer = setTimeout(() => this.#start(), RESTART_DELAY);
    }
  }

  /** Ends the workers after a period of low load. */
  #look(): void {
    const isQuiet = this.#busy < LOW_LOAD * (performance.now() - this.#since) / 1000;
    this.#restartClock(performance.now());
    if (!isQuiet || this.unwrapHere === undefined || this.#pool!.queued > 0) return;
    log.info("the load is low: the workers are ended");
    clearInterval(this.#timer);
    void this.#pool![Symbol.asyncDispose](); // it is empty, so this ends at once
    this.#pool = undefined;
    this.#started = Promise.withResolvers();
  }

  #restartClock(now: number): void {
    this.#since = now;
    this.#busy = 0;
  }
}
