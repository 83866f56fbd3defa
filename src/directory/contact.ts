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
 * Makes a node's regular requests to its directory, until disposed. A directory that is down, slow or answers with
 * garbage is never a reason to stop serving: requests are retried, and the first failure and the recovery are logged.
 */
export class DirectoryContact implements AsyncDisposable {
  readonly #directory: DirectoryClient;
  readonly #timings: RetryTimings;
  readonly #stopping = new AbortController();
  /** activities whose latest request failed, and why */
  readonly #failing = new Map<string, string>();
  readonly #loops: Promise<void>[] = [];

  /** `timings` say how soon a failed request is retried. */
  constructor(directory: DirectoryClient, timings: RetryTimings) {
    this.#directory = directory;
    this.#timings = timings;
  }

  /** For requests; aborted on disposal. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Why the latest request of some kind failed; undefined if the latest of each kind succeeded. */
  get failure(): string | undefined {
    return this.#failing.values().next().value;
  }

  /** Makes a request now and every `interval` ms after that; after a failure, at the intervals of the timings. */
  repeat(activity: string, interval: number, request: () => Promise<void>): void {
    this.#loops.push(this.#repeat(activity, interval, request));
  }

  /** Makes a request; resolves with whether it succeeded. Rejects with errors other than a DirectoryError. */
  async attempt(activity: string, request: () => Promise<void>): Promise<boolean> {
    try {
      await request();
    } catch (error) {
      if (this.signal.aborted) return false;
      if (!(error instanceof DirectoryError)) throw error;
      if (this.#failing.size === 0) {
        log.warn(`requests to directory ${this.#directory.url} fail: ${error.message}; retrying`);
      }
      this.#failing.set(activity, error.message);
      return false;
    }
    if (this.#failing.delete(activity) && this.#failing.size === 0) {
      log.info(`directory ${this.#directory.url} answers again`);
    }
    return true;
  }

  /** Aborts pending requests, and waits for them to end. */
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
