import { sha256 } from "@noble/hashes/sha2.js";
import { addressesOfNamed, type LookUp } from "../addresses/named_addresses.ts";
import { formatSocketAddress } from "../addresses/socket_address.ts";
import { SIGNATURE_HEADER, TOPOLOGY_PATH, TopologyTrust } from "../protocol/signed_topology.ts";
import type { Topology } from "../protocol/topology.ts";
import { TopologyReader } from "../protocol/topology_reader.ts";
import { pause } from "../timing/pause.ts";
import { type AbortSignalLike, onAbort } from "./abort.ts";
import { PeapError } from "./errors.ts";
import { isMixedContent } from "./mixed_content.ts";
import { isComplete, type Mixnet, readMixnet } from "./mixnet.ts";
import type { Settings } from "./options.ts";

/** ms to wait for the directory's complete answer */
const REQUEST_TIMEOUT = 10_000;
/** ms between two fetches of the topology (spec §7) */
const REFRESH_EVERY = 30_000;
/** Bytes of an answer. Nearly all of it may be gateways' registered clients, which are skipped as they arrive. */
const MAX_ANSWER_SIZE = 64 * 1024 * 1024;

const FAILED = "Cannot get the topology:";

/**
 * Fetches the current topology from the directory server (spec §6). Gateways come without their clients.
 *
 * @param directory the server's URL, http or https, without `/api`
 * @param signal ends the request
 * @param trust the directory's keys, if its topology must be signed
 * @throws PeapError of kind `directory`; the signal's reason once that is aborted
 */
export async function fetchTopology(
  directory: string,
  signal?: AbortSignalLike,
  trust?: TopologyTrust,
): Promise<Topology> {
  const aborter = new AbortController();
  const expired = new Error(`no complete answer within ${REQUEST_TIMEOUT} ms`);
  const timer = setTimeout(() => aborter.abort(expired), REQUEST_TIMEOUT);
  const stop = onAbort(signal, () => aborter.abort(signal!.reason));
  try {
    const response = await fetch(directory.replace(/\/+$/, "") + TOPOLOGY_PATH, { signal: aborter.signal });
    if (response.ok) return await readTopology(response, trust);
    await response.body?.cancel();
    throw new PeapError("directory", `${FAILED} the directory answers with status ${response.status}`);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    if (cause instanceof PeapError) throw cause;
    throw new PeapError("directory", `${FAILED} the request to the directory failed`, { cause });
  } finally {
    clearTimeout(timer);
    stop();
  }
}

async function readTopology(response: Response, trust: TopologyTrust | undefined): Promise<Topology> {
  const hash = sha256.create();
  const reader = new TopologyReader();
  const body = response.body?.getReader();
  let size = 0;
  for (let part = await body?.read(); part?.value; part = await body?.read()) {
    size += part.value.length;
    if (size > MAX_ANSWER_SIZE) {
      await body?.cancel();
      throw new PeapError("directory", `${FAILED} the directory's answer is longer than ${MAX_ANSWER_SIZE} bytes`);
    }
    if (trust?.isNeeded) hash.update(part.value);
    reader.push(part.value);
  }
  if (!reader.isComplete) throw new PeapError("directory", `${FAILED} the directory's answer is not a topology`);
  const refusal = trust?.isNeeded ? trust.refusalOf(response.headers.get(SIGNATURE_HEADER), hash.digest()) : undefined;
  if (refusal !== undefined) {
    throw new PeapError("directory", `${FAILED} ${refusal.replace(/^its/, "the directory's")}`);
  }
  return reader.topology;
}

/**
 * The mixnet as the directory last described it. It is fetched on a steady schedule, so that the requests do not show
 * when the client sends.
 */
export class MixnetView {
  readonly #settings: Settings;
  readonly #trust: TopologyTrust;
  #mixnet: Mixnet;

  private constructor(settings: Settings, trust: TopologyTrust, mixnet: Mixnet) {
    this.#settings = settings;
    this.#trust = trust;
    this.#mixnet = mixnet;
  }

  /**
   * Fetches the mixnet for the first time.
   *
   * @throws PeapError of kind `directory`; the reason of the settings' signal once that is aborted
   */
  static async open(settings: Settings): Promise<MixnetView> {
    const { directory, surroundings: { origin } } = settings;
    if (isMixedContent(directory, origin)) {
      const why = `${FAILED} browsers do not let a page of ${origin} connect to http; it needs https`;
      throw new PeapError("directory", why, { retryable: false });
    }
    const trust = new TopologyTrust(() => [settings.directoryKey].flat());
    return new MixnetView(settings, trust, await fetchMixnet(settings, trust, settings.signal));
  }

  /** The last good mixnet. */
  get current(): Mixnet {
    return this.#mixnet;
  }

  /** Fetches it every 30 s until aborted. An answer that fails or lacks a whole layer does not replace a good one. */
  async keepFresh(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(REFRESH_EVERY, signal, this.#settings.surroundings.clock);
      if (signal.aborted) return;
      try {
        const mixnet = await fetchMixnet(this.#settings, this.#trust, signal);
        if (isComplete(mixnet) || !isComplete(this.#mixnet)) this.#mixnet = mixnet;
      } catch (error) {
        if (!signal.aborted && !(error instanceof PeapError)) throw error;
      }
    }
  }
}

async function fetchMixnet(
  { directory, layers, trace, surroundings: { lookUp } }: Settings,
  trust: TopologyTrust,
  signal: AbortSignalLike | undefined,
): Promise<Mixnet> {
  const topology = await fetchTopology(directory, signal, trust);
  const mixnet = readMixnet(lookUp === undefined ? topology : await withoutNames(topology, lookUp, signal), layers);
  trace({ type: "topology", mixnodes: mixnet.layers.map(({ length }) => length), gateways: mixnet.gateways.size });
  return mixnet;
}

/** The topology with IP addresses in place of the names that nodes announce, as far as they can be looked up. */
async function withoutNames(
  topology: Topology,
  lookUp: LookUp,
  signal: AbortSignalLike | undefined,
): Promise<Topology> {
  const aborter = new AbortController();
  const stop = onAbort(signal, () => aborter.abort());
  const { mixNodes, gatewayNodes } = topology;
  const hosts = [...mixNodes.map(({ host }) => host), ...gatewayNodes.map(({ mixnetListener }) => mixnetListener)];
  const named = await addressesOfNamed(hosts, lookUp, aborter.signal);
  stop();
  if (signal?.aborted) throw signal.reason;
  const addressOf = (host: string) => {
    const [address] = named.get(host) ?? [];
    return address === undefined ? host : formatSocketAddress(address);
  };
  return {
    ...topology,
    mixNodes: mixNodes.map((node) => ({ ...node, host: addressOf(node.host) })),
    gatewayNodes: gatewayNodes.map((node) => ({ ...node, mixnetListener: addressOf(node.mixnetListener) })),
  };
}
