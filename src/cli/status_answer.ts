import { parseSocketAddress } from "../addresses/socket_address.ts";
import { boundedBody } from "../directory/bounded_body.ts";
import type { Warning } from "../logging/log.ts";
import { onOneLine } from "../text/one_line.ts";

/** ms that the gateway has for its answer */
const TIMEOUT = 5000;
/** bytes; its answer has some ten thousand */
const MAX_ANSWER_SIZE = 1_048_576;

/** What is read of the status page's figures (operator/endpoint.ts). */
export interface Status {
  readonly name: string;
  readonly build: { readonly version: string; readonly protocol: string };
  /** ms since 1970 */
  readonly startedAt: number;
  readonly now: number;
  readonly status: "ok" | "warn" | "fail";
  readonly checks: readonly { name: string; status: "ok" | "warn" | "fail"; reason: string }[];
  /** those that are known */
  readonly gauges: Readonly<Record<string, number>>;
  /** counters since the start */
  readonly totals?: Readonly<Record<string, number>>;
  readonly warnings?: readonly Warning[];
  readonly columns: readonly string[];
  readonly samples: readonly (readonly (number | null)[])[];
}

/** What is answered where an operator's endpoint listens, or undefined; no proxy is asked that the environment may name. */
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

export function parseStatus(text: string): Status | undefined {
  try {
    const status: Partial<Status> | null = JSON.parse(
      text,
      (_, value) => typeof value === "string" ? onOneLine(value) : value,
    );
    const { name, build, gauges, checks, columns, samples } = status ?? {};
    const isOurs = [name, build?.version, build?.protocol].every((text) => typeof text === "string") &&
      typeof gauges === "object" && [checks, columns, samples].every(Array.isArray);
    return isOurs ? status as Status : undefined;
  } catch {
    return undefined;
  }
}
