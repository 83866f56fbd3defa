import { Slices } from "../timing/slices.ts";
import { TopologyReader } from "./topology_reader.ts";
import type { GatewayNode, Topology } from "../protocol/topology.ts";
import { onOneLine } from "../text/one_line.ts";
import { boundedBody } from "./bounded_body.ts";

/** ms for an answer; a long answer gets this much again for each MiB */
export const REQUEST_TIMEOUT = 5000;
const TIMED_SIZE = 1024 * 1024;

/** Bytes of a topology that are read: enough for a hundred gateways with twenty thousand clients each. */
export const MAX_TOPOLOGY_SIZE = 128 * 1024 * 1024;
/** Bytes of the answer to an announcement. */
const MAX_ANSWER_SIZE = 4096;
/** Bytes of a topology that are parsed in one go, which takes less than a millisecond. */
const PIECE_SIZE = 1024;
/** Characters of a redirect's target that are shown. */
const LOCATION_SIZE = 200;

/** A gateway's announcement. Its clients are added to it, and the directory sets `lastSeen` (spec §6). */
export type GatewayPresence = Omit<GatewayNode, "registeredClients" | "lastSeen">;

/** An answer of the directory. */
export interface DirectoryAnswer {
  /** the current nodes; gateways come without their clients */
  readonly topology: Topology;
  /** false if there were more nodes or bytes than are read */
  readonly isWhole: boolean;
  /** the directory's clock in ms since 1970, to the second; undefined if the answer does not contain it */
  readonly time: number | undefined;
}

/** The directory did not do what it was asked. The message says why; the only address in it is a redirect's target. */
export class DirectoryError extends Error {
  /** for logs */
  override readonly name = "DirectoryError";
}

/** The two requests that a node makes of a directory server (spec §6). */
export class DirectoryClient {
  /** The server's URL, without a trailing slash. */
  readonly url: string;
  readonly #timeout: number;
  readonly #maximum: number;

  /**
   * `url` is the server's http or https URL, without `/api`. `timeout` in ms is for an answer, or for each MiB of it. At
   * most `maximum` bytes of a topology are read.
   */
  constructor(url: string, timeout = REQUEST_TIMEOUT, maximum = MAX_TOPOLOGY_SIZE) {
    this.url = url.replace(/\/+$/, "");
    this.#timeout = timeout;
    this.#maximum = maximum;
  }

  /**
   * Requests the current nodes; gateways come without their clients.
   *
   * @throws {DirectoryError} if there is no valid answer; the signal's reason once that is aborted
   */
  async topology(signal: AbortSignal): Promise<DirectoryAnswer> {
    return await this.#request("/api/presence/topology", { method: "GET" }, signal, async (response, onProgress) => {
      const { topology, isWhole } = await this.#read(response, onProgress);
      const time = Date.parse(response.headers.get("date") ?? "");
      return { topology, isWhole, time: Number.isNaN(time) ? undefined : time };
    });
  }

  /**
   * Posts a node's announcement; `body` is its JSON. Throws like {@linkcode topology}, and also if the answer is not a
   * directory's acceptance: a captive portal or a web server may answer anything with 200.
   */
  async announce(kind: "gateways" | "mixnodes", body: string, signal: AbortSignal): Promise<void> {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body };
    await this.#request(`/api/presence/${kind}`, init, signal, async (response) => {
      if (!isAcceptance(await boundedBody(response, MAX_ANSWER_SIZE))) {
        throw new DirectoryError("its answer to our presence is not a directory's");
      }
    });
  }

  /** Resolves with the result of `read` for a 2xx answer. */
  async #request<T>(
    path: string,
    init: RequestInit,
    signal: AbortSignal,
    read: (response: Response, onProgress: () => void) => Promise<T>,
  ): Promise<T> {
    const ending = new AbortController();
    const end = () => ending.abort();
    let late = false;
    const expire = () => {
      late = true;
      end();
    };
    let timer = setTimeout(expire, this.#timeout);
    const onProgress = () => {
      clearTimeout(timer);
      timer = setTimeout(expire, this.#timeout);
    };
    signal.addEventListener("abort", end);
    try {
      signal.throwIfAborted();
      // A redirect may lead anywhere, and turn the POST into a GET. Only the operator says where the directory is.
      const response = await fetch(this.url + path, { ...init, redirect: "manual", signal: ending.signal });
      if (!response.ok) {
        await response.body?.cancel();
        throw new DirectoryError(refusalOf(response, path));
      }
      return await read(response, onProgress);
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

  async #read(response: Response, onProgress: () => void): Promise<Pick<TopologyReader, "topology" | "isWhole">> {
    const reader = new TopologyReader();
    const slices = new Slices();
    let size = 0;
    for await (const chunk of response.body ?? []) {
      for (let at = 0; at < chunk.length; at += PIECE_SIZE) {
        reader.push(chunk.subarray(at, at + PIECE_SIZE));
        await slices.pauseIfDue();
      }
      if (Math.floor(size / TIMED_SIZE) < Math.floor((size += chunk.length) / TIMED_SIZE)) onProgress();
      if (size <= this.#maximum) continue;
      if (reader.hasMixnodes) return reader; // which cancels the request
      throw new DirectoryError(`its answer is longer than ${this.#maximum} bytes`);
    }
    if (!reader.isComplete) throw new DirectoryError("its answer is not a topology");
    return reader;
  }
}

/** Why an answer with a status other than 2xx is refused. */
function refusalOf({ status, headers }: Response, path: string): string {
  const location = headers.get("location");
  if (status < 300 || status >= 400 || location === null) return `it answered with status ${status}`;
  const shown = onOneLine(location.length > LOCATION_SIZE ? `${location.slice(0, LOCATION_SIZE)}…` : location);
  return `it redirects to ${shown} (status ${status}), which is not followed: if that is your directory, set ` +
    `presence_directory_server in [gateway] to it, without ${path}`;
}

/** Whether the answer to an announcement is that of a 0.7.0 directory: `{"ok":true}`. */
function isAcceptance(body: Uint8Array | undefined): boolean {
  try {
    const answer: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof answer === "object" && answer !== null && "ok" in answer && answer.ok === true;
  } catch {
    return false;
  }
}
