import { bytesOf, decodeChunk, encodeChunk, firstOf } from "./chunk.ts";
import { openDatabase } from "./database.ts";
import { ALL, entriesOf } from "./entries.ts";
import { emptyJournal } from "./journal_at_start.ts";
import { CLIENT, KvLedgerTable } from "./kv_ledger_table.ts";
import { CONFIRMED, INBOX, inboxContext, inboxKey, placeOf } from "./keys.ts";
import type { LedgerEntry } from "./ledger_table.ts";
import { decodeMark, encodeMark } from "./mark.ts";
import type { ChunkPlace, Movable, MovableFigures, MovedChunk } from "./movable.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { Sealer } from "./sealing.ts";
import { readTotals, setTotals, type Totals } from "./totals.ts";
import { EntryWriter } from "./transfer.ts";
import type { Held } from "./usage.ts";

/** The embedded store, in its two files. */
export class MovableKv implements Movable {
  #damaged = 0;
  #highest: number;

  private constructor(
    private readonly paths: readonly [mailbox: string, ledger: string],
    private readonly kv: Deno.Kv,
    private readonly ledger: Deno.Kv,
    private readonly sealer: Sealer,
    private readonly totals: Totals,
    readonly offset: number,
  ) {
    this.#highest = totals.sequence;
  }

  /**
   * Opens or creates the files. `offset`: what a move that has not finished began with.
   * @throws {Error} when a file was sealed with another storage key, or cannot be opened or read
   */
  static async open(mailbox: string, ledger: string, sealer: Sealer, offset?: number): Promise<MovableKv> {
    using opening = new DisposableStack();
    const kv = opening.adopt(await openDatabase(mailbox, sealer), (kv) => kv.close());
    const clients = opening.adopt(await openDatabase(ledger, sealer), (kv) => kv.close());
    const totals = await readTotals(kv, sealer);
    await emptyJournal(kv, sealer, totals, () => {});
    opening.move();
    return new MovableKv([mailbox, ledger], kv, clients, sealer, totals, offset ?? totals.sequence);
  }

  /** See {@linkcode Movable}. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Counts what it holds. */
  async figures(): Promise<MovableFigures> {
    const figures = { messages: 0, bytes: 0, inboxes: 0, clients: 0 };
    let inbox: Pseudonym | undefined;
    for await (const each of this.chunks()) {
      figures.messages += each.chunk.messages.length;
      figures.bytes += bytesOf(each.chunk);
      if (each.inbox !== inbox) figures.inboxes++;
      inbox = each.inbox;
      this.#highest = Math.max(this.#highest, each.last);
    }
    for await (const _ of this.clients()) figures.clients++;
    return figures;
  }

  /** The chunks after a place. */
  async *chunks(after?: ChunkPlace): AsyncGenerator<MovedChunk> {
    this.#damaged = 0;
    const onDamaged = () => this.#damaged++;
    const range = { prefix: [INBOX], ...(after && { start: [...inboxKey(after.inbox, after.last), 0] }) };
    let mark: { inbox: Pseudonym; through: number } | undefined;
    for await (const { key, value } of entriesOf(this.kv, range, ALL, onDamaged)) {
      const place = placeOf(key, Number.MAX_SAFE_INTEGER);
      const opened = place && this.sealer.open(value, inboxContext(place.inbox, place.last));
      const chunk = place && opened && place.last !== CONFIRMED ? decodeChunk(place.last, opened) : undefined;
      if (place?.last === CONFIRMED) {
        mark = opened && { inbox: place.inbox, through: decodeMark(opened) };
      } else if (place === undefined || chunk === undefined) onDamaged();
      else {
        const isMarked = mark?.inbox === place.inbox && mark.through >= firstOf(chunk);
        const age = Math.max(0, this.totals.clock - chunk.time);
        yield { ...place, sealed: value, chunk, age, confirmed: isMarked ? mark!.through : 0 };
      }
    }
  }

  /** The clients. */
  async *clients(): AsyncGenerator<LedgerEntry> {
    const entries = entriesOf(this.ledger, { prefix: [CLIENT] }, ALL, () => {});
    for await (const { key, value } of entries) yield { pseudonym: key[1] as Uint8Array, sealed: value };
  }

  /** The ledger's clock. */
  async clock(): Promise<number> {
    return await new KvLedgerTable(this.ledger, this.sealer).clock();
  }

  /** Takes chunks. Their numbers are known, so that taking them again changes nothing. */
  async take(chunks: readonly MovedChunk[]): Promise<void> {
    const writer = new EntryWriter(this.kv);
    for (const { inbox, last, chunk, age, confirmed } of chunks) {
      const number = this.offset + last;
      const { value } = encodeChunk(number, this.totals.clock - age, chunk.messages);
      const sealed = (value: Uint8Array, last: number) => this.sealer.seal(value, inboxContext(inbox, last));
      await writer.add({ key: inboxKey(inbox, number) as Uint8Array[], value: sealed(value, number) });
      // Behind other mail, the mark would confirm that; so the confirmed part of this chunk is delivered once more.
      if (confirmed === 0 || this.offset > 0) continue;
      const mark = sealed(encodeMark(confirmed), CONFIRMED);
      await writer.add({ key: inboxKey(inbox, CONFIRMED) as Uint8Array[], value: mark });
    }
    await writer.flush();
  }

  /** Takes clients. */
  async takeClients(clients: readonly LedgerEntry[]): Promise<void> {
    const writer = new EntryWriter(this.ledger);
    for (const { pseudonym, sealed } of clients) {
      const key = [CLIENT, pseudonym];
      if ((await this.ledger.get(key)).value === null) await writer.add({ key, value: sealed });
    }
    await writer.flush();
  }

  /** What it holds of these chunks. */
  async heldOf(chunks: readonly MovedChunk[]): Promise<Held> {
    const held = { messages: 0, bytes: 0 };
    for (const { inbox, last } of chunks) {
      const number = this.offset + last;
      const { value } = await this.kv.get<Uint8Array>(inboxKey(inbox, number));
      const opened = value && this.sealer.open(value, inboxContext(inbox, number));
      const chunk = opened && decodeChunk(number, opened);
      if (!chunk) continue;
      held.messages += chunk.messages.length;
      held.bytes += bytesOf(chunk);
    }
    return held;
  }

  /** How many of these clients it holds. */
  async clientsOf(clients: readonly LedgerEntry[]): Promise<number> {
    let held = 0;
    for (const { pseudonym } of clients) if ((await this.ledger.get([CLIENT, pseudonym])).value !== null) held++;
    return held;
  }

  /** Makes the totals right. */
  async finish(): Promise<void> {
    const { messages, bytes } = await this.figures();
    const atomic = this.kv.atomic();
    setTotals(atomic, { ...this.totals, messages, bytes, sequence: this.#highest }, this.sealer);
    await atomic.commit();
  }

  /** As {@linkcode Movable} says: removes the files. */
  async clear<T>(verify: () => Promise<T>): Promise<T> {
    const verified = await verify();
    this.#close();
    for (const path of this.paths) {
      for (const suffix of ["", "-wal", "-shm"]) {
        await Deno.remove(path + suffix).catch((error) => {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        });
      }
    }
    return verified;
  }

  /** Closes the files. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  #close(): void {
    for (const kv of [this.kv, this.ledger]) {
      try {
        kv.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error; // it is closed already
      }
    }
  }
}
