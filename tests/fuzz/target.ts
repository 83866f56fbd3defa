import type { Random } from "../support/random.ts";

/** A part that handles untrusted input. */
export interface Target {
  name: string;
  /** Tries one input. Throws if the part misbehaves. */
  attempt(random: Random): void | Promise<void>;
}
