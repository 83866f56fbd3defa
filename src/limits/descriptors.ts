/** Descriptors that have to be free before connections are let in: what they take, and as many for the rest of the program. */
const FREE = 32;
/** Connections that are let in after that, before it is looked again; with all that belongs to it, one takes five at most. */
const CONNECTIONS = 3;
/** … and so many ms, as others open files and connections too. */
const LOOK_AGAIN = 20;

/**
 * Says whether descriptors are left for one more connection: the runtime's server, whose WebSockets are lost when it finds
 * none, must not be the one to find out. It is found by trying, as reading the limit takes rights that the program has
 * no other need of, and as everybody takes from it.
 */
export class Descriptors {
  #connections = 0;
  #wereFree = true;
  #lookedAt = -Infinity;

  /** `count` says how many are free, counted up to what it is given. */
  constructor(private readonly count: (most: number) => number = freeDescriptors) {}

  /** Whether a connection may be let in at `now` (ms). */
  take(now: number): boolean {
    if (now - this.#lookedAt > LOOK_AGAIN || this.#wereFree && this.#connections === 0) {
      this.#wereFree = this.count(FREE) === FREE;
      this.#connections = this.#wereFree ? CONNECTIONS : 0;
      this.#lookedAt = now;
    }
    if (this.#connections === 0) return false;
    this.#connections--;
    return true;
  }
}

/** How many descriptors are free, counted up to `most`. */
export function freeDescriptors(most: number): number {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < most) files.push(Deno.openSync(Deno.execPath()));
  } catch {
    // that was the last one
  } finally {
    for (const file of files) file.close();
  }
  return files.length;
}
