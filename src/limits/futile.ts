/** Half of what is remembered of a site counts no longer after this many ms. */
const HALF_LIFE = 30_000;
/** Sites remembered at once, some 100 bytes each. The one that was quiet longest goes first. */
const MAX_SITES = 65_536;
/** Anyone may fail this often in half a minute, and is not suspected of anything. */
const TOLERATED = 4;

/**
 * Remembers from where connections came recently that have not been of use, at least not yet. A flood that changes its
 * networks all the time holds few places in each at once, but comes back to them.
 */
export class FutileConnections {
  /** in the order in which they last had one */
  readonly #sites = new Map<string, { count: number; at: number }>();

  /**
   * A connection has come from the site; how much it looks like part of a flood: 0 for the first few, and one more each
   * time that there have been twice as many. `now` in ms of any origin.
   */
  add(site: string, now: number): number {
    const count = this.#countOf(site, now) + 1;
    this.#set(site, count, now);
    if (this.#sites.size > MAX_SITES) this.#sites.delete(this.#sites.keys().next().value!);
    return Math.max(0, Math.ceil(Math.log2(count / TOLERATED)));
  }

  /** One of them was of use after all. */
  forgive(site: string, now: number): void {
    const count = this.#countOf(site, now) - 1;
    if (count > 0) this.#set(site, count, now);
    else this.#sites.delete(site);
  }

  #countOf(site: string, now: number): number {
    const known = this.#sites.get(site);
    return known === undefined ? 0 : known.count * 2 ** ((known.at - now) / HALF_LIFE);
  }

  #set(site: string, count: number, now: number): void {
    this.#sites.delete(site);
    this.#sites.set(site, { count, at: now });
  }
}
