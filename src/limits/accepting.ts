import { pause } from "../timing/pause.ts";
import { Descriptors } from "./descriptors.ts";

/** What failed is tried again after this many ms. */
const RETRY = 100;

/** Is told of an attempt that failed: why, and whether it is the first one after one that did not. */
export type OnFailure = (reason: unknown, isFirst: boolean) => void;

/**
 * Accepts a listener's connections, each only once descriptors are left for all that belongs to it. They are looked for
 * when the connection is there: it may have been hours in coming.
 */
export class Accepting {
  readonly #stopping = new AbortController();
  #failing = false;

  constructor(
    private readonly listener: Deno.TcpListener,
    private readonly onFailure: OnFailure,
    private readonly descriptors = new Descriptors(),
  ) {}

  /** Whether connections can be accepted, as far as the last attempt tells. */
  get succeeds(): boolean {
    return !this.#failing && !this.#stopping.signal.aborted;
  }

  /** The next connection; undefined after the end. */
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
        this.#fail("descriptors are short");
      } catch (error) {
        if (!signal.aborted) this.#fail(error);
      }
      await pause(RETRY, signal);
    }
    connection?.close();
    return undefined;
  }

  /** Accepts no more, and closes the listener. */
  stop(): void {
    this.#stopping.abort();
    this.listener.close();
  }

  #fail(reason: unknown): void {
    this.onFailure(reason, !this.#failing);
    this.#failing = true;
  }
}
