import { clientOf, clock, connectionOf, isReal, LOOP_COVER, type Plan, realCount } from "./plan.ts";

/** The outcome of a plan's messages. */
export interface Report {
  expected: number;
  /** distinct real messages that arrived */
  received: number;
  duplicates: number;
  /** arrived after a later one of the same connection and client (RFC 4737 §3.3) */
  disordered: number;
  /** arrived at the wrong client, or were never sent */
  misdelivered: number;
  covers: number;
  /** when the last real message arrived (see clock) */
  ended: number;
}

/** Records the messages that arrive for one plan. */
export class Arrivals {
  readonly report: Report;
  readonly #seen: Uint8Array;
  /** the last number of each client and connection */
  readonly #last: Int32Array;

  /** @param times when each message arrived (see clock), by its number from the plan's first; zero if it did not */
  constructor(readonly plan: Plan, readonly times: Float64Array) {
    const none = { received: 0, duplicates: 0, disordered: 0, misdelivered: 0, covers: 0, ended: 0 };
    this.report = { expected: realCount(plan), ...none };
    this.#seen = new Uint8Array(plan.count);
    this.#last = new Int32Array(plan.clients * plan.connections).fill(-1);
  }

  get complete(): boolean {
    return this.report.received === this.report.expected;
  }

  /** Records the messages of one read by the client with that index. */
  came(client: number, messages: Uint8Array[]): void {
    const now = clock();
    for (const message of messages) {
      if (message.length === LOOP_COVER.length) this.report.covers++;
      else this.#note(client, new DataView(message.buffer, message.byteOffset).getUint32(0), now);
    }
  }

  #note(client: number, number: number, now: number): void {
    const { plan, report } = this;
    const index = number - plan.first;
    if (!(index >= 0 && index < plan.count) || !isReal(plan, number) || clientOf(plan, number) !== client) {
      report.misdelivered++;
      return;
    }
    if (this.#seen[index] === 1) {
      report.duplicates++;
      return;
    }
    this.#seen[index] = 1;
    this.times[index] = now;
    const stream = client * plan.connections + connectionOf(plan, number);
    if (number < this.#last[stream]!) report.disordered++;
    else this.#last[stream] = number;
    report.received++;
    report.ended = now;
  }
}
