import { isExempt } from "../limits/peers.ts";
import { NetworkBuckets } from "../limits/network_buckets.ts";
import { perHour, TokenBucket } from "../limits/token_bucket.ts";

/** How many may register and guess; all in an hour. */
export interface AdmissionLimits {
  readonly registrationsPerHour: number;
  readonly registrationsPerHourPerNetwork: number;
  readonly wrongTokensPerHourPerNetwork: number;
}

/** Which limit a registration has reached. */
export type RegistrationLimit = "network" | "total";

/** Who may register now, and how often may be guessed. */
export class Admission {
  readonly #registrations: TokenBucket;
  readonly #registrationsOf: NetworkBuckets;
  readonly #wrongTokensOf: NetworkBuckets;

  /** `now` in ms, here and below */
  constructor(limits: AdmissionLimits, now: number) {
    this.#registrations = new TokenBucket(perHour(limits.registrationsPerHour), now);
    this.#registrationsOf = new NetworkBuckets(perHour(limits.registrationsPerHourPerNetwork));
    this.#wrongTokensOf = new NetworkBuckets(perHour(limits.wrongTokensPerHourPerNetwork));
  }

  /** Counts an attempt to register; which limit it has reached, if any. */
  register(network: string, now: number): RegistrationLimit | undefined {
    if (!isExempt(network) && !this.#registrationsOf.take(network, now)) return "network";
    return this.#registrations.take(now) ? undefined : "total";
  }

  /** Counts a wrong token or proof; false when the network has given too many. */
  wrongToken(network: string, now: number): boolean {
    return isExempt(network) || this.#wrongTokensOf.take(network, now);
  }
}
