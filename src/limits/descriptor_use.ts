import { closeSync, openSync } from "node:fs";

/** Files that are opened for a look: as many gaps among the descriptors in use are seen through. */
const LOOK = 64;
/** Files that are opened, in some 25 ms, to find out the limit … */
const MOST = 4096;
/** … which is done again when fewer than so many are left of what is known. */
const FEW = 1024;
/** ms for which a look holds */
const LIFETIME = 5_000;

/** How many descriptors a process has. */
export interface DescriptorUse {
  /** NaN where the runtime does not show their numbers */
  readonly held: number;
  /** how many there may be, or one or two fewer, as far as they were counted; NaN as well */
  readonly limit: number;
  /** whether all were counted */
  readonly isExact: boolean;
}

const UNKNOWN: DescriptorUse = { held: NaN, limit: NaN, isExact: false };

/**
 * Finds out by trying how many descriptors the process holds and may hold: /proc would say it, but the runtime keeps that
 * from programs without all permissions. A new file gets the lowest number that is free, so the numbers of some new ones
 * tell how many below them are in use.
 */
export class DescriptorCount {
  #lookedAt = -Infinity;
  #use = UNKNOWN;

  /** As of a moment ago. */
  get use(): DescriptorUse {
    const now = performance.now();
    if (now - this.#lookedAt > LIFETIME) {
      this.#use = look(this.#use);
      this.#lookedAt = now;
    }
    return this.#use;
  }
}

function look(known: DescriptorUse): DescriptorUse {
  if (!showsNumbers()) return UNKNOWN;
  const { held, free } = countFree(LOOK);
  if (free < LOOK) return { held, limit: held + free, isExact: true };
  if (known.isExact || held + FEW <= known.limit) return { ...known, held };
  const more = countFree(MOST).free;
  return { held, limit: held + more, isExact: more < MOST };
}

/** Whether the runtime gives files the system's numbers, of which the lowest one is used again. */
function showsNumbers(): boolean {
  if (Deno.build.os === "windows") return false;
  const [one, two] = [countFree(1), countFree(1)];
  return one.free === 0 || one.held === two.held;
}

/** `free`: how many files could be opened, of `most`; `held`: descriptors in use below the last of them. */
function countFree(most: number): { held: number; free: number } {
  const files: number[] = [];
  try {
    while (files.length < most) files.push(openSync("/", "r"));
  } catch {
    // that was the last one
  } finally {
    files.forEach(closeSync);
  }
  return { held: (files.at(-1) ?? -1) + 1 - files.length, free: files.length };
}
