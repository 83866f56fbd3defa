import { parseSocketAddress } from "../../addresses/socket_address.ts";
import { boundedBody } from "../../directory/bounded_body.ts";
import type { Warning } from "../../logging/log.ts";
import { onOneLine } from "../../text/one_line.ts";
import type { Decision } from "./decide.ts";

/** in ms, for the node to answer */
const TIMEOUT = 5000;
/** in bytes; an answer has some ten thousand, and a hundred for each decision of a directory's operator */
const MAX_ANSWER_SIZE = 4 * 1_048_576;

/** The parts of the status page's data (operator/endpoint.ts) that commands use. */
export interface Status {
  /** what it is */
  readonly kind: "gateway" | "mixnode" | "directory";
  /** its id */
  readonly name: string;
  /** the program's version, and the protocol's */
  readonly build: { readonly version: string; readonly protocol: string };
  /** ms since 1970 */
  readonly startedAt: number;
  /** ms since 1970, by its own clock */
  readonly now: number;
  /** the worst status of all checks */
  readonly status: "ok" | "warn" | "fail";
  /** health checks, each with a reason in words */
  readonly checks: readonly { name: string; status: "ok" | "warn" | "fail"; reason: string }[];
  /** current values, by name; unknown ones are missing */
  readonly gauges: Readonly<Record<string, number>>;
  /** counters since the start */
  readonly totals?: Readonly<Record<string, number>>;
  /** how others know it, and for a gateway which `store` keeps its mail */
  readonly identity?: Readonly<Record<string, string | number>>;
  /** the last few that were logged, the newest one last */
  readonly warnings?: readonly Warning[];
  /** what a directory's operator has decided about nodes, by public key */
  readonly decisions?: Readonly<Record<string, Decision>>;
  /** the names of the figures in each sample */
  readonly columns: readonly string[];
  /** the history, the newest sample last; null: unknown */
  readonly samples: readonly (readonly (number | null)[])[];
}

/** The answer of an operator's endpoint at `address`, or undefined. It ignores any proxy that the environment names. */
export async function statusTextAt(address: string): Promise<string | undefined> {
  const own = address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  const { host: hostname, port } = parseSocketAddress(own)!;
  using client = Deno.createHttpClient({ proxy: { transport: "tcp", hostname, port } });
  try {
    const response = await fetch(`http://${own}/status.json`, { client, signal: AbortSignal.timeout(TIMEOUT) });
    return new TextDecoder().decode(await boundedBody(response, MAX_ANSWER_SIZE));
  } catch {
    return undefined;
  }
}

/** Parses the answer, with control characters in its strings escaped; undefined if it is not a node's. */
export function parseStatus(text: string): Status | undefined {
  try {
    const status: Partial<Status> | null = JSON.parse(
      text,
      (_, value) => typeof value === "string" ? onOneLine(value) : value,
    );
    const { name, build, gauges, checks, columns, samples } = status ?? {};
    const isOurs = [name, build?.version, build?.protocol].every((text) => typeof text === "string") &&
      typeof gauges === "object" && [checks, columns, samples].every(Array.isArray);
    return isOurs ? { kind: "gateway", ...status } as Status : undefined; // versions before mixnodes gave no kind
  } catch {
    return undefined;
  }
}
