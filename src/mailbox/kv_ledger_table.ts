import { openDatabase } from "./database.ts";
import { ALL, entriesOf, valueOf } from "./entries.ts";
import type { LedgerEntry, LedgerTable } from "./ledger_table.ts";
import type { Sealer } from "./sealing.ts";

/** The first part of an entry's key: `["client", pseudonym]`. */
export const CLIENT = "client";
const CLOCK = ["clock"];
const CLOCK_CONTEXT = new TextEncoder().encode("clock");

/** The ledger's entries in their own database file. */
export class KvLedgerTable implements LedgerTable {
  /** Over an open database, which it owns from now on. */
  constructor(private readonly kv: Deno.Kv, private readonly sealer: Sealer) {}

  /**
   * Opens or creates the file at `path`.
   * @throws {Error} when it was sealed with another storage key, or cannot be opened
   */
  static async open(path: string, sealer: Sealer): Promise<KvLedgerTable> {
    return new KvLedgerTable(await openDatabase(path, sealer), sealer);
  }

  /** All entries; see {@linkcode LedgerTable}. */
  async *entries(onDamaged: () => void): AsyncGenerator<LedgerEntry> {
    for await (const { key, value } of entriesOf(this.kv, { prefix: [CLIENT] }, ALL, onDamaged)) {
      yield { pseudonym: key[1] as Uint8Array, sealed: value };
    }
  }

  /** Adds or replaces entries in one commit. */
  async set(entries: readonly LedgerEntry[]): Promise<void> {
    const atomic = this.kv.atomic();
    for (const { pseudonym, sealed } of entries) atomic.set([CLIENT, pseudonym], sealed);
    await atomic.commit();
  }

  /** Removes entries in one commit. */
  async remove(pseudonyms: readonly Uint8Array[]): Promise<void> {
    const atomic = this.kv.atomic();
    for (const pseudonym of pseudonyms) atomic.delete([CLIENT, pseudonym]);
    await atomic.commit();
  }

  /** The clock, in ms. */
  async clock(): Promise<number> {
    const value = await valueOf(this.kv, CLOCK);
    const opened = value ? this.sealer.open(value, CLOCK_CONTEXT) : undefined;
    return opened === undefined ? 0 : new DataView(opened.buffer, opened.byteOffset).getFloat64(0);
  }

  /** Keeps the clock, sealed. */
  async keepClock(clock: number): Promise<void> {
    const value = new Uint8Array(8);
    new DataView(value.buffer).setFloat64(0, clock);
    await this.kv.set(CLOCK, this.sealer.seal(value, CLOCK_CONTEXT));
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.kv.close();
  }
}
