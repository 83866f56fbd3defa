/** The half-life of the connections remembered for a site, in ms. */
const HALF_LIFE = 30_000;
/** The most sites remembered, about 100 bytes each. The least recently seen is forgotten first. */
const MAX_SITES = 65_536;
/** A site with no more useless connections than this in half a minute is not suspected. */
const TOLERATED = 4;

/**
 * Remembers the sites of recent connections that have not been useful, or not yet. A flood that keeps changing its
 * network holds few places in each at a time, but returns to them.
 */
export class FutileConnections {
  /** least recently seen first */
  readonly #sites = new Map<string, { count: number; at: number }>();

  /**
   * Records a connection from the site and returns its level of suspicion: 0 for the first few, and one more each time
   * their number has doubled. `now` is in ms, from any origin.
   */
  add(site: string, now: number): number {
    const count = this.#countOf(site, now) + 1;
    this.#set(site, count, now);
    if (this.#sites.size > MAX_SITES) this.#sites.delete(this.#sites.keys().next().value!);
    return Math.max(0, Math.ceil(Math.log2(count / TOLERATED)));
  }

  /** Records that a connection from the site has become useful. */
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
