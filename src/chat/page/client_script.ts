import type { TraceEvent, Traffic } from "../../peap/mod.ts";

/** What a window's client is made from, in the worker that has it. */
export interface ClientOptions {
  /** as that of `PeapOptions` */
  readonly directory: string;
  /** as that of `PeapOptions` */
  readonly traffic: Traffic;
  /** as that of `PeapOptions` */
  readonly meanHopDelay: number;
  /** as that of `PeapOptions` */
  readonly meanSendGap: number;
  /** as that of `PeapOptions` */
  readonly meanCoverGap: number;
  /** the name of the database that its credentials are in */
  readonly database: string;
  /** the name of the `BroadcastChannel` on which it reports what it does */
  readonly traceChannel: string;
}

/** What the client reports on that channel. */
export interface Report {
  /** what happened */
  readonly event: TraceEvent;
  /** ms since 1970, with fractions: it may reach the page later */
  readonly at: number;
}

/** The URL of the worker's script. It contains the options, so each has a worker of its own. */
export function clientScript(options: ClientOptions): string {
  return `/client.js?${encodeURIComponent(JSON.stringify(options))}`;
}

/** The options in the query of that URL, with its question mark. */
export function clientOptionsOf(query: string): ClientOptions {
  return JSON.parse(decodeURIComponent(query.slice(1)));
}
