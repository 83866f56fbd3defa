import { parseTopology, type Topology } from "../protocol/topology.ts";
import { PeapError } from "./errors.ts";
import { type Mixnet, readMixnet } from "./mixnet.ts";

/** ms to wait for the directory's complete answer */
const REQUEST_TIMEOUT = 5000;
/** ms after which a topology is fetched again (spec §7) */
const REFRESH_AFTER = 30_000;

/**
 * Fetches the current topology from the directory server (spec §6).
 *
 * @param directory the server's URL, http or https, without `/api`
 * @throws PeapError of kind `directory`
 */
export async function fetchTopology(directory: string): Promise<Topology> {
  const url = `${directory.replace(/\/+$/, "")}/api/presence/topology`;
  const json = await fetchJson(url).catch((cause: unknown) => {
    throw new PeapError("directory", "Cannot get the topology: the request to the directory failed", { cause });
  });
  const topology = parseTopology(json);
  if (!topology) throw new PeapError("directory", "Cannot get the topology: the directory's answer is not a topology");
  return topology;
}

/** The mixnet as the directory last described it. Fetched again on use once it is older than 30 s. */
export class MixnetView {
  readonly #directory: string;
  #mixnet: Mixnet | undefined;
  #fetchedAt = -Infinity;
  #fetching: Promise<Mixnet> | undefined;

  /** `directory` is the server's URL, http or https, without `/api`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The current mixnet. While the directory cannot be reached, the last known one is returned, however old.
   *
   * @throws PeapError of kind `directory` if the directory has never answered
   */
  async current(): Promise<Mixnet> {
    if (this.#mixnet && performance.now() - this.#fetchedAt < REFRESH_AFTER) return this.#mixnet;
    try {
      return await (this.#fetching ??= this.#fetch());
    } catch (error) {
      if (this.#mixnet) return this.#mixnet;
      throw error;
    } finally {
      this.#fetching = undefined;
    }
  }

  async #fetch(): Promise<Mixnet> {
    this.#fetchedAt = performance.now();
    return this.#mixnet = readMixnet(await fetchTopology(this.#directory));
  }
}

async function fetchJson(url: string): Promise<unknown> {
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), REQUEST_TIMEOUT);
  try {
    const response = await fetch(url, { signal: aborter.signal });
    if (response.ok) return await response.json();
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  } finally {
    clearTimeout(timer);
  }
}
