import { createHash, type Hash } from "node:crypto";
import { CHALLENGE_PATH, type DirectoryChallenge, parseChallenge } from "../protocol/node_proof.ts";
import { SIGNATURE_HEADER, TOPOLOGY_PATH, TopologyTrust } from "../protocol/signed_topology.ts";
import { Slices } from "../timing/slices.ts";
import { TopologyReader } from "../protocol/topology_reader.ts";
import type { GatewayNode, Topology } from "../protocol/topology.ts";
import { onOneLine } from "../text/one_line.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { boundedBody } from "./bounded_body.ts";

/** ms for an answer; a long answer gets this much again for each MiB */
export const REQUEST_TIMEOUT = 5000;
const TIMED_SIZE = 1024 * 1024;

/** Bytes of a topology that are read: enough for a hundred gateways with twenty thousand clients each. */
const MAX_TOPOLOGY_SIZE = 128 * 1024 * 1024;
/** Bytes of the answer to an announcement, of a challenge, or of a refusal. */
const MAX_ANSWER_SIZE = 4096;
/** Bytes of a topology that are parsed in one go, which takes less than a millisecond. */
const PIECE_SIZE = 1024;
/** Characters of a redirect's target, or of the directory's own reason, that are shown. */
const SHOWN_SIZE = 200;

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
  /** when the directory signed the topology, ms since 1970; undefined if no signature was asked for */
  readonly signedAt: number | undefined;
}

/** The directory did not do what it was asked. The message says why; the only address in it is a redirect's target. */
export class DirectoryError extends Error {
  /** for logs */
  override readonly name = "DirectoryError";

  /** `status`: that of the directory's answer, if it refused the request. */
  constructor(message: string, options?: ErrorOptions, readonly status?: number) {
    super(message, options);
  }
}

const TOO_MANY_REQUESTS = 429;

/** The requests that a node makes of a directory server (spec §6). */
export class DirectoryClient {
  /** The server's URL, without a trailing slash. */
  readonly url: string;
  readonly #timeout: number;
  readonly #maximum: number;
  readonly #trust: TopologyTrust;

  /**
   * `url` is the server's http or https URL, without `/api`. `timeout` in ms is for an answer, or for each MiB of it. At
   * most `maximum` bytes of a topology are read. If `trust` has keys, only topologies that one of them has signed are
   * accepted.
   */
  constructor(
    url: string,
    timeout = REQUEST_TIMEOUT,
    maximum = MAX_TOPOLOGY_SIZE,
    trust: TopologyTrust = new TopologyTrust(() => []),
  ) {
    this.url = url.replace(/\/+$/, "");
    this.#timeout = timeout;
    this.#maximum = maximum;
    this.#trust = trust;
  }

  /** From now on, only topologies that were signed at that time (ms since 1970) or later are accepted. */
  refuseBefore(time: number): void {
    this.#trust.signedAt = Math.max(this.#trust.signedAt, time);
  }

  /**
   * Requests the current nodes; gateways come without their clients. `within`: ms that even a long answer may take.
   *
   * @throws {DirectoryError} if there is no valid answer; the signal's reason once that is aborted
   */
  async topology(signal: AbortSignal, within = Infinity): Promise<DirectoryAnswer> {
    const { isNeeded } = this.#trust;
    return await this.#request(TOPOLOGY_PATH, { method: "GET" }, signal, async (response, onProgress) => {
      const hash = isNeeded ? createHash("sha256") : undefined;
      const { topology, isWhole } = await this.#read(response, onProgress, hash);
      const time = Date.parse(response.headers.get("date") ?? "");
      const refusal = hash && this.#trust.refusalOf(response.headers.get(SIGNATURE_HEADER), hash.digest());
      if (refusal !== undefined) throw new DirectoryError(refusal);
      const signedAt = isNeeded ? this.#trust.signedAt : undefined;
      return { topology, isWhole, time: Number.isNaN(time) ? undefined : time, signedAt };
    }, within);
  }

  /**
   * Asks for a challenge to prove a node's key; undefined if the directory has none, like those of 0.7.0. Throws like
   * {@linkcode topology}, and also if the challenge is not that of a trusted directory.
   */
  async challenge(signal: AbortSignal): Promise<DirectoryChallenge | undefined> {
    const challenge = await this.#offeredChallenge(signal);
    if (!this.#trust.isNeeded) return challenge;
    if (challenge === undefined) throw new DirectoryError("it offers no proofs, so it is not that of directory_key");
    const key = encodeBase58(challenge.directoryKey);
    if (this.#trust.includes(key)) return challenge;
    throw new DirectoryError(`its key is ${key}, which is not one of directory_key`);
  }

  /**
   * Posts a node's announcement; `body` is its JSON, and `proof` are the headers that prove it. Throws like {@linkcode topology}, and also if the answer is not a
   * directory's acceptance: a captive portal or a web server may answer anything with 200.
   */
  async announce(
    kind: "gateways" | "mixnodes",
    body: string,
    signal: AbortSignal,
    proof: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const headers = { "content-type": "application/json", ...proof };
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
    within = Infinity,
  ): Promise<T> {
    const ending = new AbortController();
    const end = () => ending.abort();
    const latest = performance.now() + within;
    let limit = 0;
    let late = false;
    const expire = () => {
      late = true;
      end();
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onProgress = () => {
      clearTimeout(timer);
      const left = latest - performance.now();
      limit = left < this.#timeout ? within : this.#timeout;
      timer = setTimeout(expire, Math.min(left, this.#timeout));
    };
    onProgress();
    signal.addEventListener("abort", end);
    try {
      signal.throwIfAborted();
      // A redirect may lead anywhere, and turn the POST into a GET. Only the operator says where the directory is.
      const response = await fetch(this.url + path, { ...init, redirect: "manual", signal: ending.signal });
      if (!response.ok) {
        throw new DirectoryError(await refusalOf(response, path), undefined, response.status);
      }
      return await read(response, onProgress);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DirectoryError) throw error;
      if (late) throw new DirectoryError(`no complete answer within ${limit} ms`);
      throw new DirectoryError("the connection failed", { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }

  async #offeredChallenge(signal: AbortSignal): Promise<DirectoryChallenge | undefined> {
    try {
      return await this.#request(CHALLENGE_PATH, { method: "GET" }, signal, async (response) => {
        const body = await boundedBody(response, MAX_ANSWER_SIZE);
        return body && parseChallenge(new TextDecoder().decode(body));
      });
    } catch (error) {
      if (error instanceof DirectoryError && saysUnknown(error.status)) return undefined;
      throw error;
    }
  }

  /** With a `hash`, which gets all bytes, the answer is read to its end. */
  async #read(
    response: Response,
    onProgress: () => void,
    hash: Hash | undefined,
  ): Promise<Pick<TopologyReader, "topology" | "isWhole">> {
    const reader = new TopologyReader();
    const slices = new Slices();
    let size = 0;
    for await (const chunk of response.body ?? []) {
      hash?.update(chunk);
      for (let at = 0; at < chunk.length; at += PIECE_SIZE) {
        reader.push(chunk.subarray(at, at + PIECE_SIZE));
        await slices.pauseIfDue();
      }
      if (Math.floor(size / TIMED_SIZE) < Math.floor((size += chunk.length) / TIMED_SIZE)) onProgress();
      if (size <= this.#maximum) continue;
      if (reader.hasMixnodes && hash === undefined) return reader; // which cancels the request
      throw new DirectoryError(`its answer is longer than ${this.#maximum} bytes`);
    }
    if (!reader.isComplete) throw new DirectoryError("its answer is not a topology");
    return reader;
  }
}

/** What a node's configuration says about its directory. All but the URL is read on every use. */
export interface DirectorySettings {
  /** its URL */
  readonly presenceDirectoryServer: string;
  /** its keys, base58; empty if it signs nothing */
  readonly directoryKey: readonly string[];
  /** ms since a topology was signed; 0 for any */
  readonly maximumTopologyAge: number;
}

/** A client of the directory that a node's configuration names. */
export function directoryClient(node: DirectorySettings): DirectoryClient {
  const trust = new TopologyTrust(() => node.directoryKey, () => node.maximumTopologyAge);
  return new DirectoryClient(node.presenceDirectoryServer, undefined, undefined, trust);
}

/** Whether the status means that the server does not know the path. Any other refusal may be different the next time. */
function saysUnknown(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== TOO_MANY_REQUESTS;
}

/** Why an answer with a status other than 2xx is refused. */
async function refusalOf(response: Response, path: string): Promise<string> {
  const { status, headers } = response;
  const location = headers.get("location");
  const body = await boundedBody(response, MAX_ANSWER_SIZE);
  if (status < 300 || status >= 400 || location === null) {
    const reason = reasonIn(body);
    return `it answered with status ${status}${reason === undefined ? "" : `: ${shortened(reason)}`}`;
  }
  const shown = shortened(location);
  return `it redirects to ${shown} (status ${status}), which is not followed: if that is your directory, set ` +
    `presence_directory_server to it, without ${path}`;
}

/** The reason that a directory of this program gives for a refusal. */
function reasonIn(body: Uint8Array | undefined): string | undefined {
  try {
    const answer: unknown = JSON.parse(new TextDecoder().decode(body));
    const isReason = typeof answer === "object" && answer !== null && "error" in answer;
    return isReason && typeof answer.error === "string" ? answer.error : undefined;
  } catch {
    return undefined;
  }
}

function shortened(text: string): string {
  return onOneLine(text.length > SHOWN_SIZE ? `${text.slice(0, SHOWN_SIZE)}…` : text);
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
