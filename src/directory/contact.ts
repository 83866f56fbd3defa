import { logger } from "../logging/log.ts";
import { retryDelays } from "../timing/backoff.ts";
import { pause } from "../timing/pause.ts";
import { type DirectoryClient, DirectoryError } from "./client.ts";

const log = logger("nym_gateway::node::presence");

/** All in ms. */
export interface RetryTimings {
  /** the wait after a first failure; it doubles from one failure to the next … */
  readonly firstRetry: number;
  /** … up to this */
  readonly maximumRetry: number;
}

/**
 * What a node does with its directory again and again, until disposed. A directory that is down, slow or answers rubbish
 * is never a reason to stop serving: it is retried, and its first failure and its recovery are logged.
 */
export class DirectoryContact implements AsyncDisposable {
  readonly #directory: DirectoryClient;
  readonly #timings: RetryTimings;
  readonly #stopping = new AbortController();
  readonly #failing = new Set<string>();
  readonly #loops: Promise<void>[] = [];

  /** `timings` say how soon a failed request is retried. */
  constructor(directory: DirectoryClient, timings: RetryTimings) {
    this.#directory = directory;
    this.#timings = timings;
  }

  /** Aborted when it is disposed: for requests. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Whether the directory did its part when it was last asked. */
  get isReachable(): boolean {
    return this.#failing.size === 0;
  }

  /** Makes a request every `interval` ms from now on, and sooner after a failure. */
  repeat(activity: string, interval: number, request: () => Promise<void>): void {
    this.#loops.push(this.#repeat(activity, interval, request));
  }

  /** Makes a request and notes whether the directory did its part. */
  async attempt(activity: string, request: () => Promise<void>): Promise<boolean> {
    try {
      await request();
    } catch (error) {
      if (this.signal.aborted) return false;
      if (!(error instanceof DirectoryError)) throw error;
      if (this.#failing.size === 0) {
        log.warn(`directory ${this.#directory.url} unreachable: ${error.message}; retrying`);
      }
      this.#failing.add(activity);
      return false;
    }
    if (this.#failing.delete(activity) && this.#failing.size === 0) {
      log.info(`directory ${this.#directory.url} answers again`);
    }
    return true;
  }

  /** Ends requests that are under way, and waits for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  async #repeat(activity: string, interval: number, request: () => Promise<void>): Promise<void> {
    const { firstRetry, maximumRetry } = this.#timings;
    let delays = retryDelays(firstRetry, maximumRetry);
    while (!this.signal.aborted) {
      const succeeded = await this.attempt(activity, request);
      if (succeeded) delays = retryDelays(firstRetry, maximumRetry);
      await pause(succeeded ? interval : delays.next().value, this.signal);
    }
  }
}
