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

/** Records that are looked at in one step: a fraction of a millisecond. */
const STEP = 2048;
/** Steps after which what was written is synced: a disk takes some ms for as much, and longer for a whole file. */
const SYNCED_STEPS = 32;

/** Generations that become one, with what is left of them. */
interface Merger {
  readonly sources: Generation[];
  /** how many of their tags remain */
  remaining: number;
  /** whether all of them remain */
  isWhole: boolean;
}

/**
 * Evicts tags until at most `target` of `sources` remain: the oldest of the destinations that have the most. What is left
 * of generations with one start is merged, so that there are never many. It goes on by a step at each `next`, so that
 * nothing else has to wait; {@linkcode replace} is called for each merger when its file has been written.
 *
 * @param sources oldest first; nothing is added to them any more, and their files are written
 * @param capacity tags of a generation
 * @returns how many were evicted
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

/** Which generations become one. */
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
 * Adds those of the records to `generation` whose destinations have no surplus (any more), and moves them to the
 * beginning.
 *
 * @returns them
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
