/** Descriptors that have to be free before clients are let in: theirs, and as many for the rest of the program. */
const FREE = 32;
/** Clients that are let in after that, before it is looked again: each takes two more, or four with TLS. */
const CLIENTS = 4;
/** … and so many ms, as others open files and connections too. */
const LOOK_AGAIN = 20;

/**
 * Says whether descriptors are left for one more client: the runtime's server, whose WebSockets are lost when it finds
 * none, must not be the one to find out. It is found by trying, as reading the limit takes rights that the program has
 * no other need of, and as everybody else takes from it too.
 */
export class Descriptors {
  #wereFree = true;
  #clients = 0;
  #lookedAt = -Infinity;

  /** Whether a client may be let in at `now` (ms). */
  take(now: number): boolean {
    if (now - this.#lookedAt > LOOK_AGAIN || this.#wereFree && this.#clients === 0) {
      this.#wereFree = areFree(FREE);
      this.#clients = this.#wereFree ? CLIENTS : 0;
      this.#lookedAt = now;
    }
    if (this.#clients === 0) return false;
    this.#clients--;
    return true;
  }
}

function areFree(count: number): boolean {
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < count) files.push(Deno.openSync(Deno.execPath()));
    return true;
  } catch {
    return false;
  } finally {
    for (const file of files) file.close();
  }
}
