import { logger } from "../logging/log.ts";
import { PACKET_SIZE } from "../sphinx/constants.ts";
import { chooseUnwrap } from "../sphinx/kernel/kernel.ts";
import type { UnwrapBatch } from "../sphinx/slots.ts";
import { BATCH_SIZE, type OnResults, RESTART_DELAY, UnwrappingPool, WORKER_SCRIPT } from "./pool.ts";

const log = logger("nym_gateway::unwrapping");

/** ms over which it is seen whether there is much to do */
const WINDOW = 1000;
/** Of a core: with more of it taken by packets, workers are started; with less, over a whole period, they are ended. */
const MUCH = 0.15;
const LITTLE = 0.05;
/** ms */
const PERIOD = 60_000;

/**
 * Unwraps packets where they come in while they are few, and in a pool of workers while they are many. A worker takes
 * some 15 MB, so an idle gateway has none; and a few packets are done sooner here than there and back.
 *
 * Results are handed on in the order of arrival: what is unwrapped here is handed on before the next packet is taken, a
 * pool takes what comes after that, and it is ended only while it has nothing. No packet waits for workers to come up.
 */
export class Unwrapping {
  #pool: UnwrappingPool | undefined;
  /** while workers come up */
  #starting: Promise<void> | undefined;
  #started = Promise.withResolvers<void>();
  readonly #filling = new Uint8Array(BATCH_SIZE);
  #filled = 0;
  /** s that packets have taken since then (ms, of performance.now()) */
  #busy = 0;
  #since = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  private constructor(
    private readonly privateKey: Uint8Array,
    private readonly workers: number,
    private readonly onResults: OnResults,
    private readonly onLost: (packets: number) => void,
    private readonly period: number,
    /** undefined once it has failed, after which it can't be relied upon */
    private unwrapHere: UnwrapBatch | undefined,
    private readonly script: URL,
  ) {}

  /**
   * @param workers that there are when there is much to do
   * @param onLost is told of packets that could not be unwrapped because they brought workers down
   * @param period ms after which workers that had little to do are ended
   * @param choose how packets are unwrapped here
   * @param script what the workers run
   */
  static async start(
    privateKey: Uint8Array,
    workers: number,
    onResults: OnResults,
    onLost: (packets: number) => void,
    period = PERIOD,
    choose = chooseUnwrap,
    script = WORKER_SCRIPT,
  ): Promise<Unwrapping> {
    const { name, unwrapBatch } = await choose(privateKey);
    log.info(`unwrapping with ${name}, in ${workers} worker${workers === 1 ? "" : "s"} when there is much to do`);
    return new Unwrapping(privateKey, workers, onResults, onLost, period, unwrapBatch, script);
  }

  /** Copies the packet. Ask for {@linkcode room} first. */
  add(packet: Uint8Array): void {
    if (this.#pool !== undefined) return this.#pool.add(packet);
    this.#filling.set(packet, this.#filled);
    this.#filled += PACKET_SIZE;
    if (this.#filled === BATCH_SIZE) this.flush();
  }

  /** undefined when there is room for a packet, else a promise that there may be. */
  room(): Promise<void> | undefined {
    if (this.#pool !== undefined) return this.#pool.room();
    return this.#filled < BATCH_SIZE ? undefined : this.#started.promise;
  }

  /** What has come so far need not wait for more. */
  flush(): void {
    if (this.#pool !== undefined) return this.#pool.flush();
    if (this.#filled === 0 || this.unwrapHere === undefined) return;
    const begin = performance.now();
    const batch = this.#filling.slice(0, this.#filled);
    try {
      this.unwrapHere(batch);
    } catch (error) {
      log.error(`unwrapping failed, and goes on in workers from now on: ${error}`);
      this.unwrapHere = undefined; // the workers find out whether it was the packets' fault
      this.#start();
      return;
    }
    this.#filled = 0;
    const now = performance.now();
    const seconds = (now - begin) / 1000;
    this.onResults(batch, batch.length / PACKET_SIZE, seconds);
    if (now - this.#since > WINDOW) this.#restartClock(now);
    this.#busy += seconds;
    if (this.#busy > MUCH * WINDOW / 1000) this.#start();
  }

  /** Workers that there should be now; 0 while packets are unwrapped without. */
  get wanted(): number {
    return this.#pool === undefined && this.unwrapHere !== undefined ? 0 : this.workers;
  }

  /** Those of them that there are. */
  get alive(): number {
    return this.#pool?.alive ?? 0;
  }

  /** Packets that have come and whose results are not handed on. */
  get queued(): number {
    return this.#pool?.queued ?? this.#filled / PACKET_SIZE;
  }

  /** Waits for the results of all that was added, then ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.flush();
    this.#closed = true;
    await this.#starting;
    clearInterval(this.#timer);
    if (this.#pool === undefined && this.#filled > 0) this.onLost(this.#filled / PACKET_SIZE);
    await this.#pool?.[Symbol.asyncDispose]();
  }

  #start(): void {
    if (this.#closed) return;
    this.#starting ??= this.#startPool().finally(() => this.#starting = undefined);
  }

  /** Packets are unwrapped here until the workers are up, so that none has to wait for them. */
  async #startPool(): Promise<void> {
    const onResults: OnResults = (results, packets, seconds) => {
      this.#busy += seconds;
      this.onResults(results, packets, seconds);
    };
    try {
      const pool = await UnwrappingPool.start(this.privateKey, this.workers, onResults, this.onLost, this.script);
      for (let at = 0; at < this.#filled; at += PACKET_SIZE) pool.add(this.#filling.subarray(at, at + PACKET_SIZE));
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

  /** Ends the workers after a period with little to do. */
  #look(): void {
    const isQuiet = this.#busy < LITTLE * (performance.now() - this.#since) / 1000;
    this.#restartClock(performance.now());
    if (!isQuiet || this.unwrapHere === undefined || this.#pool!.queued > 0) return;
    log.info("little is left to unwrap: the workers are ended");
    clearInterval(this.#timer);
    void this.#pool![Symbol.asyncDispose](); // at once, as it has nothing
    this.#pool = undefined;
    this.#started = Promise.withResolvers();
  }

  #restartClock(now: number): void {
    this.#since = now;
    this.#busy = 0;
  }
}
