import type { CounterName } from "../counting/counter_table.ts";
import type { Counters } from "../counting/counters.ts";
import { plural } from "../text/plural.ts";

/** ms between reports; equal events of one interval share a line */
const INTERVAL = 250;

/** The line for each counter worth reporting. None identifies a message or client. */
const EVENTS: ReadonlyMap<CounterName, (n: number) => string> = new Map([
  ["client_connections_opened", (n) => `${plural(n, "client")} connected`],
  ["client_connections_closed", (n) => `${plural(n, "client")} disconnected`],
  ["registrations", (n) => `${plural(n, "client")} registered`],
  ["registrations_refused", (n) => `${plural(n, "registration")} refused`],
  ["authentications", (n) => `${plural(n, "client")} logged in`],
  ["authentications_refused", (n) => `${plural(n, "login")} refused`],
  ["messages_stored", (n) => `${plural(n, "message")} stored`],
  ["messages_pushed", (n) => `${plural(n, "message")} pushed to ${n === 1 ? "its client" : "their clients"}`],
  ["messages_lost", (n) => `${plural(n, "message")} lost`],
  ["streams_corrupt", (n) => `${plural(n, "corrupt stream")} closed`],
]);
const DROPPED = /^packets_(?:dropped|unforwarded)_(?<reason>\w+)$/;

/** Reports a gateway's events, one line for each kind and interval, until disposed. */
export class EventReporter {
  readonly #counters: Counters;
  readonly #report: (line: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #reported: Partial<Record<CounterName, number>> = {};

  /** Begins at once; `report` is called with each line. */
  constructor(counters: Counters, report: (line: string) => void) {
    this.#counters = counters;
    this.#report = report;
    this.#timer = setInterval(() => this.#check(), INTERVAL);
  }

  /** Reports the last events, then ends. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#check();
  }

  #check(): void {
    const counted = this.#counters.snapshot();
    for (const [name, total] of Object.entries(counted) as [CounterName, number][]) {
      const n = total - (this.#reported[name] ?? 0);
      const line = n > 0 ? lineFor(name, n) : undefined;
      if (line !== undefined) this.#report(line);
    }
    this.#reported = counted;
  }
}

function lineFor(name: CounterName, n: number): string | undefined {
  const reason = DROPPED.exec(name)?.groups?.["reason"];
  if (reason !== undefined) return `${plural(n, "packet")} dropped: ${reason.replaceAll("_", " ")}`;
  return EVENTS.get(name)?.(n);
}
