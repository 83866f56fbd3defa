import { Slices } from "../timing/slices.ts";
import { TopologyReader } from "./topology_reader.ts";
import type { GatewayNode, Topology } from "../protocol/topology.ts";
import { onOneLine } from "../text/one_line.ts";
import { boundedBody } from "./bounded_body.ts";

/** ms until an answer must be there; one that is long has as much again for each MiB */
export const REQUEST_TIMEOUT = 5000;
const TIMED_SIZE = 1024 * 1024;

/** Bytes of a topology: each of a hundred gateways may list twenty thousand clients. What comes after is not read. */
export const MAX_TOPOLOGY_SIZE = 128 * 1024 * 1024;
/** Bytes of the answer to a presence. */
const MAX_ANSWER_SIZE = 4096;
/** Bytes of a topology that are read in one go, below a millisecond. */
const PIECE_SIZE = 1024;
/** Characters of a redirect's address that are shown. */
const LOCATION_SIZE = 200;

/** What a gateway posts of itself; the directory itself fills in when it was seen (spec §6). */
export type GatewayPresence = Omit<GatewayNode, "registeredClients" | "lastSeen">;

/** What a directory says. */
export interface DirectoryAnswer {
  readonly topology: Topology;
  /** false when there were more nodes than are taken, or more bytes than are read */
  readonly isWhole: boolean;
  /** by the directory's clock, ms since 1970, to the second; undefined if it does not say */
  readonly time: number | undefined;
}

/** The directory did not do what it was asked. The message says why; it names no address but a redirect's. */
export class DirectoryError extends Error {
  override readonly name = "DirectoryError";
}

/** The two requests that a node makes of a directory server (spec §6). */
export class DirectoryClient {
  /** The server's URL, without a slash at its end. */
  readonly url: string;
  readonly #timeout: number;
  readonly #maximum: number;

  /**
   * `url` is that of the server, http or https, without `/api`; `timeout` in ms, for an answer or a MiB of it; `maximum`
   * bytes of a topology are read.
   */
  constructor(url: string, timeout = REQUEST_TIMEOUT, maximum = MAX_TOPOLOGY_SIZE) {
    this.url = url.replace(/\/+$/, "");
    this.#timeout = timeout;
    this.#maximum = maximum;
  }

  /**
   * Asks for the current nodes; gateways come without their clients. Throws a DirectoryError, or the signal's
   * reason once that is aborted.
   */
  async topology(signal: AbortSignal): Promise<DirectoryAnswer> {
    return await this.#request("/api/presence/topology", { method: "GET" }, signal, async (response, onProgress) => {
      const { topology, isWhole } = await this.#read(response, onProgress);
      const time = Date.parse(response.headers.get("date") ?? "");
      return { topology, isWhole, time: Number.isNaN(time) ? undefined : time };
    });
  }

  /**
   * Posts a node's presence, `body` being its JSON. Throws as `topology` does, and also when whoever answers does not
   * say as a directory does that it has heard: a portal or a web server answers 200 to anything.
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

  /** Resolves with what `read` makes of a 2xx answer. */
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
      // A redirect may lead anywhere, with a GET in place of the POST: where the directory is, the operator says.
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
      if (reader.hasMixnodes) return reader; // which ends the request
      throw new DirectoryError(`its answer is longer than ${this.#maximum} bytes`);
    }
    if (!reader.isComplete) throw new DirectoryError("its answer is not a topology");
    return reader;
  }
}

/** Why an answer that is not 2xx is of no use. */
function refusalOf({ status, headers }: Response, path: string): string {
  const location = headers.get("location");
  if (status < 300 || status >= 400 || location === null) return `it answered with status ${status}`;
  const shown = onOneLine(location.length > LOCATION_SIZE ? `${location.slice(0, LOCATION_SIZE)}…` : location);
  return `it redirects to ${shown} (status ${status}), which is not followed: if that is your directory, set ` +
    `presence_directory_server in [gateway] to it, without ${path}`;
}

/** Whether the answer to a presence is what 0.7.0 directories say: `{"ok":true}`. */
function isAcceptance(body: Uint8Array | undefined): boolean {
  try {
    const answer: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof answer === "object" && answer !== null && "ok" in answer && answer.ok === true;
  } catch {
    return false;
  }
}
