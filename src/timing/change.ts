/** What any number of waiters wait for, again and again. */
export class Change {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next change. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  /** Something has changed: all that wait go on. */
  happened(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
