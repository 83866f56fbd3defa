import { join } from "node:path";
import { replaceContents } from "../files/private.ts";
import { readRegularText } from "../files/regular.ts";
import type { ChunkPlace, MovableFigures } from "./movable.ts";

/** The kinds of stores, as in `kind` in `[storage]`. */
export type StoreKind = "embedded" | "postgresql";

/** How far a move between two stores has come. */
export interface UnfinishedMove {
  /** where it goes */
  readonly to: StoreKind;
  /** the target's {@linkcode Movable.offset} */
  readonly offset: number;
  /** chunks up to this place are copied; undefined at the beginning */
  readonly after?: ChunkPlace | undefined;
  /** what was moved: everything is copied and verified, and the old store is being emptied */
  readonly moved?: Moved;
}

/** What a move has moved. */
export interface Moved extends MovableFigures {
  /** values that could not be read, and stayed behind */
  readonly damaged: number;
}

/** The file, beside the inboxes, that says how far a move has come. */
export function moveFile(inboxesDirectory: string): string {
  return join(inboxesDirectory, "move.json");
}

/** The move that has not finished, if there is one. Throws what the file system throws. */
export function readMove(inboxesDirectory: string): UnfinishedMove | undefined {
  try {
    return JSON.parse(readRegularText(moveFile(inboxesDirectory)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** Why no gateway may use these inboxes: each of two stores may have only part of the mail. Undefined when one may. */
export function moveInTheWay(inboxesDirectory: string): string | undefined {
  const move = readMove(inboxesDirectory);
  return move && `a move of its mail has not finished, says ${moveFile(inboxesDirectory)}; ` +
      `\`nym-gateway storage move --to ${move.to}\` continues it`;
}

/** Notes how far a move has come: afterwards the file has either this or what it had before. */
export function writeMove(inboxesDirectory: string, move: UnfinishedMove): void {
  replaceContents(moveFile(inboxesDirectory), JSON.stringify(move));
}

/** The move has finished. */
export function removeMove(inboxesDirectory: string): void {
  Deno.removeSync(moveFile(inboxesDirectory));
}
