import type { Chunk } from "./chunk.ts";
import type { LedgerEntry } from "./ledger_table.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { Held } from "./usage.ts";

/** Where a chunk is in a store: chunks are in the order of inboxes, and in an inbox of numbers. */
export interface ChunkPlace {
  /** whose it is */
  readonly inbox: Pseudonym;
  /** the number of its last message, in the store that it leaves */
  readonly last: number;
}

/** A chunk on its way from one store to another. */
export interface MovedChunk extends ChunkPlace {
  /** as it is sealed in the store that it leaves */
  readonly sealed: Uint8Array;
  /** the same, opened */
  readonly chunk: Chunk;
  /** how long it has been stored, in ms */
  readonly age: number;
  /** messages up to this number are confirmed, though they are in this chunk; 0 for none */
  readonly confirmed: number;
}

/** What a store holds, counted one by one. */
export interface MovableFigures extends Held {
  /** inboxes with messages */
  readonly inboxes: number;
  /** registered clients */
  readonly clients: number;
}

/**
 * A store as a move sees it, while no gateway uses it. Everything rejects with what the database throws, and may be repeated
 * after a failure at any point.
 */
export interface Movable extends AsyncDisposable {
  /** added to the numbers of what comes in, so that it follows what was there before */
  readonly offset: number;
  /** damaged values found so far, which cannot be moved */
  readonly damaged: number;
  /** Counts what it holds. */
  figures(): Promise<MovableFigures>;
  /** The chunks after a place, or all. */
  chunks(after?: ChunkPlace): AsyncIterable<MovedChunk>;
  /** The clients, with times by this store's clock. */
  clients(): AsyncIterable<LedgerEntry>;
  /** The ledger's clock, in ms. */
  clock(): Promise<number>;
  /** Takes chunks, which come in order; those that it has already are left out. */
  take(chunks: readonly MovedChunk[]): Promise<void>;
  /** Takes clients; those that it has already stay as they are. */
  takeClients(clients: readonly LedgerEntry[]): Promise<void>;
  /** What it holds of these chunks. */
  heldOf(chunks: readonly MovedChunk[]): Promise<Held>;
  /** How many of these clients it holds. */
  clientsOf(clients: readonly LedgerEntry[]): Promise<number>;
  /** Finishes what was taken, so that a gateway can use it. */
  finish(): Promise<void>;
  /**
   * Removes everything, so that it is empty when it is opened the next time, once `verify` has resolved. No gateway can
   * store anything in between, or while `verify` runs. When that rejects, nothing is removed. Resolves with its result.
   */
  clear<T>(verify: () => Promise<T>): Promise<T>;
}
