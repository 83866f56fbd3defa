import { siteOf } from "./network.ts";

/** The holders of places by site and network, oldest first within each site. */
export class Holders<Holder> {
  /** by site: each holder's network; has no empty maps */
  readonly #sites = new Map<string, Map<Holder, string>>();
  #size = 0;

  /** The number of holders. */
  get size(): number {
    return this.#size;
  }

  /** Adds a holder. */
  add(network: string, holder: Holder): void {
    const site = siteOf(network);
    const holders = this.#sites.get(site);
    if (holders === undefined) this.#sites.set(site, new Map([[holder, network]]));
    else holders.set(holder, network);
    this.#size++;
  }

  /** Removes a holder; returns whether it was one. */
  delete(network: string, holder: Holder): boolean {
    const site = siteOf(network);
    const holders = this.#sites.get(site);
    if (holders === undefined || !holders.delete(holder)) return false;
    if (holders.size === 0) this.#sites.delete(site);
    this.#size--;
    return true;
  }

  /** The number of holders in a network or a site. */
  countOf(range: string): number {
    return range === siteOf(range) ? this.#sites.get(range)?.size ?? 0 : this.of(range).reduce((sum) => sum + 1, 0);
  }

  /** The holders in a network or a site, oldest first. */
  of(range: string): IteratorObject<Holder> {
    const site = siteOf(range);
    const holders = this.#sites.get(site) ?? new Map<Holder, string>();
    if (range === site) return holders.keys();
    return holders.entries().filter(([, network]) => network === range).map(([holder]) => holder);
  }

  /** The holders in the site with the most of them, or in all such sites. */
  ofMost(): IteratorObject<Holder> {
    let most = 0;
    for (const { size } of this.#sites.values()) most = Math.max(most, size);
    return this.#sites.values().filter(({ size }) => size === most).flatMap((holders) => holders.keys());
  }
}
