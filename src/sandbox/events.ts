import type { CounterName } from "../counting/counter_table.ts";
import type { Counters } from "../counting/counters.ts";
import { plural } from "../text/plural.ts";

/** ms in which equal events become one line */
const INTERVAL = 250;

/** What is worth a line, by the counter that tells of it. Nothing here says whose message or client it was. */
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

/** Tells a line for each kind of event of a gateway, as often as there are any, until disposed. */
export class EventTeller {
  readonly #counters: Counters;
  readonly #tell: (line: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #told: Partial<Record<CounterName, number>> = {};

  constructor(counters: Counters, tell: (line: string) => void) {
    this.#counters = counters;
    this.#tell = tell;
    this.#timer = setInterval(() => this.#look(), INTERVAL);
  }

  /** What has not been told yet is told first. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#look();
  }

  #look(): void {
    const counted = this.#counters.snapshot();
    for (const [name, total] of Object.entries(counted) as [CounterName, number][]) {
      const n = total - (this.#told[name] ?? 0);
      const line = n > 0 ? lineFor(name, n) : undefined;
      if (line !== undefined) this.#tell(line);
    }
    this.#told = counted;
  }
}

function lineFor(name: CounterName, n: number): string | undefined {
  const reason = DROPPED.exec(name)?.groups?.["reason"];
  if (reason !== undefined) return `${plural(n, "packet")} dropped: ${reason.replaceAll("_", " ")}`;
  return EVENTS.get(name)?.(n);
}
