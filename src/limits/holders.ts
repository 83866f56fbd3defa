import { siteOf } from "./network.ts";

/** Those who hold a place, by site and network; of each site the longest there first. */
export class Holders<Holder> {
  /** the network of each holder; no site without one is in here */
  readonly #sites = new Map<string, Map<Holder, string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(network: string, holder: Holder): void {
    const site = siteOf(network);
    const holders = this.#sites.get(site);
    if (holders === undefined) this.#sites.set(site, new Map([[holder, network]]));
    else holders.set(holder, network);
    this.#size++;
  }

  /** Whether it was there. */
  delete(network: string, holder: Holder): boolean {
    const site = siteOf(network);
    const holders = this.#sites.get(site);
    if (holders === undefined || !holders.delete(holder)) return false;
    if (holders.size === 0) this.#sites.delete(site);
    this.#size--;
    return true;
  }

  /** How many a network or a site has. */
  countOf(range: string): number {
    return range === siteOf(range) ? this.#sites.get(range)?.size ?? 0 : this.of(range).reduce((sum) => sum + 1, 0);
  }

  /** Those of a network or a site. */
  of(range: string): IteratorObject<Holder> {
    const site = siteOf(range);
    const holders = this.#sites.get(site) ?? new Map<Holder, string>();
    if (range === site) return holders.keys();
    return holders.entries().filter(([, network]) => network === range).map(([holder]) => holder);
  }

  /** Those of the sites that have most. */
  ofMost(): IteratorObject<Holder> {
    let most = 0;
    for (const { size } of this.#sites.values()) most = Math.max(most, size);
    return this.#sites.values().filter(({ size }) => size === most).flatMap((holders) => holders.keys());
  }
}
