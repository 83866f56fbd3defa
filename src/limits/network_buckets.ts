import { rangesOf } from "./network.ts";
import { type Rate, TokenBucket } from "./token_bucket.ts";

/** Networks remembered at once, some 100 bytes each. The one that was longest quiet goes first, and starts again. */
const MAX_NETWORKS = 65_536;

/** A bucket for each network that something came from, and for the site that it is in. */
export class NetworkBuckets {
  /** in the order in which they were last asked */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(private readonly rate: Rate, private readonly maxNetworks = MAX_NETWORKS) {}

  /** Takes one from the network's bucket and its site's, if there is one. `now` is in ms. */
  take(network: string, now: number): boolean {
    return rangesOf(network).every(({ range, networks }) => this.#take(range, networks, now));
  }

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
