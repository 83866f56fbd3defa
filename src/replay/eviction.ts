import { surplusOf } from "./fair_share.ts";
import {
  addRecord,
  destinationAt,
  DESTINATIONS,
  emptyGeneration,
  type Generation,
  generationFile,
  unfinishedFile,
} from "./generations.ts";
import { RECORD_SIZE, TagFile } from "./tag_file.ts";

/** The number of records checked in one step, in a fraction of a millisecond. */
const STEP = 2048;
/**
 * The number of steps between two syncs. Each takes the disk a few ms; syncing a whole file at the end takes longer.
 */
const SYNCED_STEPS = 32;

/** Generations to merge into one that contains their remaining tags. */
interface Merger {
  readonly sources: Generation[];
  /** the number of their tags that remain */
  remaining: number;
  /** whether all of them remain */
  isWhole: boolean;
}

/**
 * Evicts tags until at most `target` of `sources` remain: the oldest of the destinations that have the most. The rest
 * of generations with the same start is merged, so that there are never many. Each `next` takes one short step, so that
 * nothing else has to wait; `replace` is called for each merger once its file is written.
 *
 * @param sources oldest first; they are complete, and so are their files
 * @param capacity the most tags in a generation
 * @throws what the file system throws
 */
export function* evict(
  folder: string,
  sources: readonly Generation[],
  target: number,
  capacity: number,
  replace: (sources: readonly Generation[], by: Generation) => void,
): Generator<void, void> {
  const counts = new Uint32Array(DESTINATIONS);
  for (const source of sources) for (let i = 0; i < DESTINATIONS; i++) counts[i]! += source.counts[i]!;
  const surplus = surplusOf(counts, target);
  for (const { sources: merged, remaining, isWhole } of mergers(sources, surplus, capacity)) {
    if (isWhole && merged.length === 1) continue;
    const { number, start } = merged[0]!;
    const generation = emptyGeneration(number, start, Math.max(capacity, remaining), remaining);
    const path = unfinishedFile(folder, number);
    {
      using file = TagFile.create(path, start);
      let steps = 0;
      for (const source of merged) {
        for (const records of TagFile.pieces(generationFile(folder, source.number), STEP)) {
          file.appendAll(keep(records, surplus, generation));
          if (++steps % SYNCED_STEPS === 0) file.syncNow();
          yield;
        }
      }
      file.syncNow();
    }
    Deno.renameSync(path, generationFile(folder, number));
    replace(merged, generation);
  }
}

/** Groups generations into mergers. */
function mergers(sources: readonly Generation[], surplus: Uint32Array, capacity: number): Merger[] {
  const left = surplus.slice();
  const mergers: Merger[] = [];
  for (const source of sources) {
    let evicted = 0;
    for (let i = 0; i < DESTINATIONS; i++) {
      const going = Math.min(left[i]!, source.counts[i]!);
      left[i]! -= going;
      evicted += going;
    }
    const remaining = source.tags.size - evicted;
    const isWhole = evicted === 0;
    const last = mergers.at(-1);
    if (last !== undefined && last.sources[0]!.start === source.start && last.remaining + remaining <= capacity) {
      last.sources.push(source);
      last.remaining += remaining;
      last.isWhole &&= isWhole;
    } else mergers.push({ sources: [source], remaining, isWhole });
  }
  return mergers;
}

/**
 * Adds the records whose destinations have no surplus left to `generation`, and moves them to the front of `records`.
 *
 * @returns a view of them
 */
function keep(records: Uint8Array, surplus: Uint32Array, generation: Generation): Uint8Array {
  let end = 0;
  for (let at = 0; at < records.length; at += RECORD_SIZE) {
    const destination = destinationAt(records, at);
    if (surplus[destination]! > 0) {
      surplus[destination]!--;
      continue;
    }
    addRecord(generation, records, at);
    for (let i = 0; i < RECORD_SIZE; i++) records[end++] = records[at + i]!;
  }
  return records.subarray(0, end);
}
