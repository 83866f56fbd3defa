/** An entry of the ledger as a table holds it. */
export interface LedgerEntry {
  /** the client's pseudonym, 32 bytes */
  readonly pseudonym: Uint8Array;
  /** sealed by the ledger */
  readonly sealed: Uint8Array;
}

/** Where a ledger keeps its entries. Everything rejects with what the database throws. */
export interface LedgerTable extends Disposable {
  /** All entries, in any order. `onDamaged` is called for each that cannot be read. */
  entries(onDamaged: () => void): AsyncIterable<LedgerEntry>;
  /** Adds or replaces entries of different clients, at most a hundred; resolves once they are on the disk. */
  set(entries: readonly LedgerEntry[]): Promise<void>;
  /** Removes the entries of these pseudonyms, at most a hundred. */
  remove(pseudonyms: readonly Uint8Array[]): Promise<void>;
  /** The clock as it was last kept, in ms; 0 if it is lost. */
  clock(): Promise<number>;
  /** Keeps the clock. */
  keepClock(clock: number): Promise<void>;
}
