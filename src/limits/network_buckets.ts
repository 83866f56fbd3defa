import { rangesOf } from "./network.ts";
import { type Rate, TokenBucket } from "./token_bucket.ts";

/**
 * The most networks remembered, about 100 bytes each. The least recently seen is forgotten first, and gets a full
 * bucket.
 */
const MAX_NETWORKS = 65_536;

/** A token bucket for each network seen, and for its site. */
export class NetworkBuckets {
  /** least recently used first; bounded by `maxNetworks` */
  readonly #buckets = new Map<string, TokenBucket>();

  /** Every network gets the same `rate`. */
  constructor(private readonly rate: Rate, private readonly maxNetworks = MAX_NETWORKS) {}

  /** Takes a token from the buckets of the network and of its site; false if one is empty. `now` is in ms. */
  take(network: string, now: number): boolean {
    return rangesOf(network).every(({ range, networks }) => this.#take(range, networks, now));
  }

  /** The number of networks remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  #take(range: string, networks: number, now: number): boolean {
    const { burst, perSecond } = this.rate;
    const rate = { burst: networks * burst, perSecond: networks * perSecond };
    const bucket = this.#buckets.get(range) ?? new TokenBucket(rate, now);
    this.#buckets.delete(range);
    this.#buckets.set(range, bucket);
    if (this.#buckets.size > this.maxNetworks) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket.take(now);
  }
}
