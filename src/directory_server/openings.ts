import { NetworkBuckets } from "../limits/network_buckets.ts";
import { isExempt } from "../limits/peers.ts";
import { TokenBucket } from "../limits/token_bucket.ts";

/** Sessions that may be opened: in all, and from one network. Each takes a multiplication, about a millisecond. */
const IN_ALL = { burst: 200, perSecond: 50 };
const PER_NETWORK = { burst: 20, perSecond: 2 };

/**
 * Limits how much time is spent on nodes that open a session. Networks in which a node is listed have as much for
 * themselves as all others: whoever asks from very many networks keeps no node of theirs out, also after a restart of the
 * directory. Times are in ms of any one origin.
 */
export class Openings {
  readonly #ofListed: TokenBucket;
  readonly #ofOthers: TokenBucket;
  readonly #ofNetworks = new NetworkBuckets(PER_NETWORK);

  /** Full at first. */
  constructor(now: number) {
    this.#ofListed = new TokenBucket(IN_ALL, now);
    this.#ofOthers = new TokenBucket(IN_ALL, now);
  }

  /** Whether a node may open one. `isListed`: whether a node in this network is listed. */
  take(network: string, isListed: boolean, now: number): boolean {
    if (!isExempt(network) && !this.#ofNetworks.take(network, now)) return false;
    return (isListed ? this.#ofListed : this.#ofOthers).take(now);
  }
}
