import { NetworkBuckets } from "../limits/network_buckets.ts";
import { perHour, TokenBucket } from "../limits/token_bucket.ts";
import { OneATask } from "../timing/one_a_task.ts";

/** Limits on registrations and guesses. Each is a number an hour, all of which may come at once. */
export interface AdmissionLimits {
  /** attempts to register from all networks together, this machine included */
  readonly registrationsPerHour: number;
  /** attempts to register from one network */
  readonly registrationsPerHourPerNetwork: number;
  /** wrong tokens and wrong proofs, counted together, from one network */
  readonly wrongTokensPerHourPerNetwork: number;
}

/**
 * Challenges a network may ask for: enough for some hundred clients that reconnect. Each costs up to three
 * multiplications, about a millisecond each, and a stranger almost nothing.
 */
const CHALLENGES = { burst: 128, perSecond: 8 };

/** Which limit a registration has reached. */
export type RegistrationLimit = "network" | "total";

/** Decides whether a network may register, ask for a challenge, or guess now. */
export class Admission {
  readonly #registrations: TokenBucket;
  readonly #registrationsOf: NetworkBuckets;
  readonly #wrongTokensOf: NetworkBuckets;
  readonly #challengesOf = new NetworkBuckets(CHALLENGES);
  readonly #multiplications = new OneATask();

  /** All limits start unused. `now`, here and below, is in ms from any one origin. */
  constructor(limits: AdmissionLimits, now: number) {
    this.#registrations = new TokenBucket(perHour(limits.registrationsPerHour), now);
    this.#registrationsOf = new NetworkBuckets(perHour(limits.registrationsPerHourPerNetwork));
    this.#wrongTokensOf = new NetworkBuckets(perHour(limits.wrongTokensPerHourPerNetwork));
  }

  /** Counts an attempt to register; returns the limit that refuses it, or undefined if it is allowed. */
  register(network: string, now: number): RegistrationLimit | undefined {
    if (!this.#registrationsOf.take(network, now)) return "network";
    return this.#registrations.take(now) ? undefined : "total";
  }

  /** Counts a challenge for a client; returns false if its network has had too many. */
  challenge(network: string, now: number): boolean {
    return this.#challengesOf.take(network, now);
  }

  /** Resolves when a challenge may be made, or a proof checked. Many clients that ask at once hold up no others so. */
  multiplication(): Promise<void> {
    return this.#multiplications.turn();
  }

  /** Counts a wrong token or proof; returns false once the network has sent too many. */
  wrongToken(network: string, now: number): boolean {
    return this.#wrongTokensOf.take(network, now);
  }
}
