import { pause } from "../timing/pause.ts";
import { Descriptors } from "./descriptors.ts";

/** ms before retrying after a failure */
const RETRY_DELAY = 100;

/** Called after each failed attempt with the reason, and whether it is the first since the last success. */
export type OnFailure = (reason: unknown, isFirst: boolean) => void;

/**
 * Accepts a listener's connections, each only once enough file descriptors are free for it. It checks that after the
 * connection has arrived, because it may have waited for hours.
 */
export class Accepting {
  readonly #stopping = new AbortController();
  #failing = false;

  /** `descriptors` may be shared with other listeners. */
  constructor(
    private readonly listener: Deno.TcpListener,
    private readonly onFailure: OnFailure,
    private readonly descriptors = new Descriptors(),
  ) {}

  /** Whether the last attempt to accept a connection succeeded, and it has not been stopped. */
  get succeeds(): boolean {
    return !this.#failing && !this.#stopping.signal.aborted;
  }

  /** The next connection; undefined after `stop`. */
  async next(): Promise<Deno.TcpConn | undefined> {
    const { signal } = this.#stopping;
    let connection: Deno.TcpConn | undefined;
    while (!signal.aborted) {
      try {
        connection ??= await this.listener.accept();
        if (this.descriptors.take(performance.now())) {
          this.#failing = false;
          return connection;
        }
        this.#fail("too few file descriptors are free");
      } catch (error) {
        if (isGone(error)) continue; // at once: others wait behind it
        if (!signal.aborted) this.#fail(error);
      }
      await pause(RETRY_DELAY, signal);
    }
    connection?.close();
    return undefined;
  }

  /** Stops accepting and closes the listener. */
  stop(): void {
    this.#stopping.abort();
    this.listener.close();
  }

  #fail(reason: unknown): void {
    this.onFailure(reason, !this.#failing);
    this.#failing = true;
  }
}

/** Whether accepting failed only because the peer has ended its connection while that was waiting. */
function isGone(error: unknown): boolean {
  const { NotConnected, ConnectionReset, ConnectionAborted } = Deno.errors;
  return [NotConnected, ConnectionReset, ConnectionAborted].some((gone) => error instanceof gone);
}
