import { type Rate, TokenBucket } from "./token_bucket.ts";

/** Networks remembered at once, some 100 bytes each. The one that was longest quiet goes first, and starts anew. */
const MAX_NETWORKS = 65_536;

/** A bucket for each network that something came from. */
export class NetworkBuckets {
  /** in the order in which they were last asked */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(private readonly rate: Rate, private readonly maxNetworks = MAX_NETWORKS) {}

  /** Takes one from the network's bucket, if there is one. `now` is in ms. */
  take(network: string, now: number): boolean {
    const bucket = this.#buckets.get(network) ?? new TokenBucket(this.rate, now);
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    if (this.#buckets.size > this.maxNetworks) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket.take(now);
  }

  get size(): number {
    return this.#buckets.size;
  }
}
