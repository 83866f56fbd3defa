import { boundedBody } from "./bounded_body.ts";
import { isWithin } from "./json_size.ts";
import { type GatewayNode, parseTopology, type Topology } from "../protocol/topology.ts";

/** ms until an answer must be complete */
export const REQUEST_TIMEOUT = 5000;

/** bytes; a topology of ten thousand nodes with their clients stays well below */
export const MAX_ANSWER_SIZE = 32 * 1024 * 1024;

/** values in an answer, and how deep they may be: of nodes and clients, an answer of that size has fewer */
const MAX_VALUES = 1_500_000;
const MAX_DEPTH = 16;

/** What a gateway posts of itself; the directory itself fills in when it was seen (spec §6). */
export type GatewayPresence = Omit<GatewayNode, "registeredClients" | "lastSeen">;

/** The directory did not do what it was asked. The message says why, and names no address. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
}

/** The two requests that a gateway makes of a directory server (spec §6). */
export class DirectoryClient {
  /** The server's URL, without a slash at its end. */
  readonly url: string;
  readonly #timeout: number;

  /** `url` is that of the server, http or https, without `/api`; `timeout` in ms. */
  constructor(url: string, timeout = REQUEST_TIMEOUT) {
    this.url = url.replace(/\/+$/, "");
    this.#timeout = timeout;
  }

  /** Asks for the nodes that are there now. Throws a DirectoryError, or the signal's reason once that is aborted. */
  async topology(signal: AbortSignal): Promise<Topology> {
    return (await this.topologyAndTime(signal)).topology;
  }

  /** The same, with the time by the directory's clock, ms since 1970, to the second; undefined if it does not say. */
  async topologyAndTime(signal: AbortSignal): Promise<{ topology: Topology; time: number | undefined }> {
    const { body, headers } = await this.#request("/api/presence/topology", { method: "GET" }, signal);
    const topology = parseTopology(parseJson(body));
    if (topology === undefined) throw new DirectoryError("its answer is not a topology");
    const time = Date.parse(headers.get("date") ?? "");
    return { topology, time: Number.isNaN(time) ? undefined : time };
  }

  /** Posts a gateway's presence, `body` being its JSON. Throws as `topology` does. */
  async announce(body: string, signal: AbortSignal): Promise<void> {
    const headers = { "content-type": "application/json" };
    await this.#request("/api/presence/gateways", { method: "POST", headers, body }, signal);
  }

  /** Resolves with the headers and the whole body of a 2xx answer. */
  async #request(
    path: string,
    init: RequestInit,
    signal: AbortSignal,
  ): Promise<{ headers: Headers; body: Uint8Array }> {
    const ending = new AbortController();
    const end = () => ending.abort();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end();
    }, this.#timeout);
    signal.addEventListener("abort", end);
    try {
      signal.throwIfAborted();
      const response = await fetch(this.url + path, { ...init, signal: ending.signal });
      if (!response.ok) {
        await response.body?.cancel();
        throw new DirectoryError(`it answered with status ${response.status}`);
      }
      const body = await boundedBody(response, MAX_ANSWER_SIZE);
      if (body === undefined) throw new DirectoryError(`its answer is longer than ${MAX_ANSWER_SIZE} bytes`);
      return { headers: response.headers, body };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DirectoryError) throw error;
      if (late) throw new DirectoryError(`no complete answer within ${this.#timeout} ms`);
      throw new DirectoryError("the connection failed", { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }
}

function parseJson(body: Uint8Array): unknown {
  if (!isWithin(body, MAX_VALUES, MAX_DEPTH)) throw new DirectoryError("its answer has too many values for a topology");
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new DirectoryError("its answer is not JSON");
  }
}
