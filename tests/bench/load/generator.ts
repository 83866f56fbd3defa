import type { SocketAddress } from "../../../src/addresses/socket_address.ts";
import type { Report } from "./arrivals.ts";
import type { Packets } from "./packets.ts";
import type { Answer, Request } from "./receiver_worker.ts";
import type { SendOrder, Sent } from "./sender_worker.ts";

/** The mixnodes and clients of a measurement: two threads, separate from the gateway's process. */
export class LoadGenerator implements Disposable {
  readonly #sender = new Worker(new URL("./sender_worker.ts", import.meta.url), { type: "module" });
  readonly #receiver = new Worker(new URL("./receiver_worker.ts", import.meta.url), { type: "module" });

  /**
   * Connects clients by address, and by token unless they are to register, all in base58; resolves with their tokens.
   */
  async logIn(gateway: SocketAddress, addresses: string[], tokens?: string[]): Promise<string[]> {
    const answer = await this.#ask({ type: "logIn", gateway, addresses, ...(tokens && { tokens }) });
    return (answer as { tokens: string[] }).tokens;
  }

  /** Disconnects them. */
  async logOut(): Promise<void> {
    await this.#ask({ type: "close" });
  }

  /** Records these packets' messages from now on; resolves with an array that receives the time of each arrival. */
  async expect({ plan }: Packets): Promise<Float64Array> {
    const times = new Float64Array(new SharedArrayBuffer(plan.count * Float64Array.BYTES_PER_ELEMENT));
    await this.#ask({ type: "expect", plan, times });
    return times;
  }

  /** Resolves when all expected messages have arrived, or when no more arrive. */
  async received(): Promise<Report> {
    return (await this.#ask({ type: "wait" }) as { report: Report }).report;
  }

  /**
   * Sends packets, at `rate` per second or as fast as possible; resolves with the time at which the first was due (see
   * clock).
   */
  async send(to: SocketAddress, { streams }: Packets, rate = 0): Promise<number> {
    this.#sender.postMessage({ to, streams, rate } satisfies SendOrder);
    const sent = await answerOf<Sent>(this.#sender);
    if ("failure" in sent) throw new Error(`not all packets were sent: ${sent.failure}`);
    return sent.began;
  }

  [Symbol.dispose](): void {
    this.#sender.terminate();
    this.#receiver.terminate();
  }

  async #ask(request: Request): Promise<Answer> {
    this.#receiver.postMessage(request);
    return await answerOf<Answer>(this.#receiver);
  }
}

function answerOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
}
