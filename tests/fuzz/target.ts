import type { Random } from "../support/random.ts";

/** Something that takes input from strangers. */
export interface Target {
  name: string;
  /** Tries one input. Throws when the part does with it what it must not do. */
  attempt(random: Random): void | Promise<void>;
}
