import { parseTopology, type Topology } from "../protocol/topology.ts";
import { PeapError } from "./errors.ts";
import { type Mixnet, readMixnet } from "./mixnet.ts";

/** ms until the directory's answer must be complete */
const REQUEST_TIMEOUT = 5000;
/** ms that an answer is good for (spec §7) */
const REFRESH_AFTER = 30_000;

/**
 * Asks the directory server which nodes there are (spec §6).
 *
 * @param directory the server's URL, http or https, without `/api`
 * @throws PeapError of kind `directory`
 */
export async function fetchTopology(directory: string): Promise<Topology> {
  const url = `${directory.replace(/\/+$/, "")}/api/presence/topology`;
  const json = await fetchJson(url).catch((cause: unknown) => {
    throw new PeapError("directory", "Cannot get the topology: the directory did not answer as it should", { cause });
  });
  const topology = parseTopology(json);
  if (!topology) throw new PeapError("directory", "Cannot get the topology: the directory's answer is not one");
  return topology;
}

/** The mixnet as the directory last told of it: asked again when it is used and older than 30 s. */
export class MixnetView {
  readonly #directory: string;
  #mixnet: Mixnet | undefined;
  #askedAt = -Infinity;
  #asking: Promise<Mixnet> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The mixnet now. One that is out of date is better than none: it is kept while the directory gives no other.
   *
   * @throws PeapError of kind `directory` if there never was an answer
   */
  async current(): Promise<Mixnet> {
    if (this.#mixnet && performance.now() - this.#askedAt < REFRESH_AFTER) return this.#mixnet;
    try {
      return await (this.#asking ??= this.#ask());
    } catch (error) {
      if (this.#mixnet) return this.#mixnet;
      throw error;
    } finally {
      this.#asking = undefined;
    }
  }

  async #ask(): Promise<Mixnet> {
    this.#askedAt = performance.now();
    return this.#mixnet = readMixnet(await fetchTopology(this.#directory));
  }
}

async function fetchJson(url: string): Promise<unknown> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), REQUEST_TIMEOUT);
  try {
    const response = await fetch(url, { signal: ending.signal });
    if (response.ok) return await response.json();
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  } finally {
    clearTimeout(timer);
  }
}
