import { join } from "node:path";
import { KEPT_TAG_SIZE, TagFile, type TagRecords } from "./tag_file.ts";
import { TagSet } from "./tag_set.ts";

/** A start beyond it, in ms, is a damaged one. */
const LATEST = 1e15;
const FILE_NAME = /^(\d{10})\.tags$/;

/** Tags that came one after the other in time, and that are forgotten together. */
export interface Generation {
  /** from 1 on, in the order of time; part of its file's name */
  readonly number: number;
  /** ms, of the filter's own time; its tags came from then on, for a part of the window */
  start: number;
  /** the first 8 bytes of each tag, as two little-endian words */
  readonly tags: TagSet;
}

/** What a run before has left in its folder. */
export interface LoadedGenerations {
  /** oldest first */
  readonly generations: Generation[];
  /** the last number given to a generation, 0 for none */
  readonly number: number;
  /** when the last generation began, in ms of the filter's own time; now, if there is none or that is damaged */
  readonly began: number;
  /** the file of the last generation, to go on with */
  readonly file: TagFile | undefined;
}

/** The file of the generation with this number. */
export function generationFile(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(10, "0")}.tags`);
}

/**
 * Reads the last `most` generations of a folder and removes the others, along with files that say too little.
 *
 * Damage may have made anything of a start. Which of them is damaged is unknown, so none may make the others' tags
 * seem too old: all then count from the last start, and that from `now` when it is no time at all.
 *
 * @param capacity tags of a generation
 * @param span ms after the first generation's start by which the last has begun
 * @param now ms since 1970
 */
export function loadGenerations(
  folder: string,
  most: number,
  capacity: number,
  span: number,
  now: number,
): LoadedGenerations {
  const numbers = Array.from(Deno.readDirSync(folder), ({ name }) => Number(FILE_NAME.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0).sort((a, b) => a - b);
  const generations: Generation[] = [];
  let lastRecords: TagRecords | undefined;
  for (const number of numbers.slice(0, -most)) Deno.removeSync(generationFile(folder, number));
  for (const number of numbers.slice(-most)) {
    const records = TagFile.read(generationFile(folder, number));
    if (records === undefined) {
      Deno.removeSync(generationFile(folder, number));
      continue;
    }
    const tags = new TagSet(capacity, records.tags.length / KEPT_TAG_SIZE);
    addAll(tags, records.tags);
    generations.push({ number, start: records.start, tags });
    lastRecords = records;
  }
  const number = numbers.at(-1) ?? 0;
  const last = generations.at(-1);
  if (last === undefined || lastRecords === undefined) return { generations, number, began: now, file: undefined };
  const began = last.start >= 0 && last.start <= LATEST ? last.start : now;
  if (!startsAreWhole(generations, span)) { for (const each of generations) each.start = began; }
  return { generations, number, began, file: TagFile.reopen(generationFile(folder, last.number), lastRecords) };
}

/** Generations begin one after the other, and when the last began the first was not over. */
function startsAreWhole(generations: readonly Generation[], span: number): boolean {
  const latest = generations[0]!.start + span;
  return generations.every(({ start }, i) => start >= (generations[i - 1]?.start ?? 0) && start < latest);
}

function addAll(tags: TagSet, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length && !tags.isFull; at += KEPT_TAG_SIZE) {
    const high = view.getUint32(at, true);
    const low = view.getUint32(at + 4, true);
    if ((high | low) !== 0) tags.add(high, low || 1); // a power failure can leave zeros at the end
  }
}
