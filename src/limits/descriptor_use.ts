import { countDescriptors } from "./free_descriptors.ts";

/** Files opened for a check. It sees past fewer gaps than this among the descriptors in use. */
const CHECK_FILES = 64;
/** The most files opened to find the limit, which takes about 25 ms. */
const LIMIT_FILES = 4096;
/** Searches for the limit again when fewer than this many descriptors below the known limit are free. */
const FEW = 1024;
/** ms between two checks */
const CHECK_INTERVAL = 5_000;

/** The use of file descriptors by this process. */
export interface DescriptorUse {
  /** descriptors in use; NaN if unknown, as on Windows */
  readonly held: number;
  /** the limit, or one or two less, as far as it was searched; NaN if unknown */
  readonly limit: number;
  /** whether `limit` is the actual limit, and not only the end of the search */
  readonly isExact: boolean;
}

const UNKNOWN: DescriptorUse = { held: NaN, limit: NaN, isExact: false };

/**
 * Finds the number and the limit of descriptors by opening files, because the runtime lets only programs with all
 * permissions read them from /proc. A new file gets the lowest free number, so the numbers of new files reveal how many
 * below them are in use.
 */
export class DescriptorCount {
  #checkedAt = -Infinity;
  #use = UNKNOWN;

  /** The current use, at most `CHECK_INTERVAL` old. */
  get use(): DescriptorUse {
    const now = performance.now();
    if (now - this.#checkedAt > CHECK_INTERVAL) {
      this.#use = check(this.#use);
      this.#checkedAt = now;
    }
    return this.#use;
  }
}

function check(known: DescriptorUse): DescriptorUse {
  if (!showsNumbers()) return UNKNOWN;
  const { held, free } = countDescriptors(CHECK_FILES);
  if (free < CHECK_FILES) return { held, limit: held + free, isExact: true };
  if (known.isExact || held + FEW <= known.limit) return { ...known, held };
  const more = countDescriptors(LIMIT_FILES).free;
  return { held, limit: held + more, isExact: more < LIMIT_FILES };
}

/** Whether the runtime returns the system's descriptor numbers, which reuse the lowest free one. */
function showsNumbers(): boolean {
  if (Deno.build.os === "windows") return false;
  const [one, two] = [countDescriptors(1), countDescriptors(1)];
  return one.free === 0 || one.held === two.held;
}
