/** Connections that look like part of a flood, by their level of suspicion. */
export class Suspects<Holder> {
  readonly #levels: Set<Holder>[] = [];
  readonly #levelOf = new Map<Holder, number>();

  /** Adds a connection; ignores one of level 0, which is not suspected. */
  add(holder: Holder, level: number): void {
    if (level === 0) return;
    while (this.#levels.length <= level) this.#levels.push(new Set());
    this.#levels[level]!.add(holder);
    this.#levelOf.set(holder, level);
  }

  /** Removes a connection, if it is one of them. */
  delete(holder: Holder): void {
    const level = this.#levelOf.get(holder);
    if (level === undefined) return;
    this.#levelOf.delete(holder);
    this.#levels[level]!.delete(holder);
  }

  /** The oldest connection of the highest level; undefined if there are none. */
  get first(): Holder | undefined {
    return this.#levels.findLast(({ size }) => size > 0)?.values().next().value;
  }
}
