/** Those that look like part of a flood, by how much they do. */
export class Suspects<Holder> {
  readonly #levels: Set<Holder>[] = [];
  readonly #levelOf = new Map<Holder, number>();

  /** @param level 0: it does not */
  add(holder: Holder, level: number): void {
    if (level === 0) return;
    while (this.#levels.length <= level) this.#levels.push(new Set());
    this.#levels[level]!.add(holder);
    this.#levelOf.set(holder, level);
  }

  delete(holder: Holder): void {
    const level = this.#levelOf.get(holder);
    if (level === undefined) return;
    this.#levelOf.delete(holder);
    this.#levels[level]!.delete(holder);
  }

  /** The oldest of those that look most like it. */
  get first(): Holder | undefined {
    return this.#levels.findLast(({ size }) => size > 0)?.values().next().value;
  }
}
