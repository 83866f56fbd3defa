import { join } from "node:path";
import { isLinked } from "../files/regular.ts";
import { KEPT_TAG_SIZE, RECORD_SIZE, TagFile, type TagRecords } from "./tag_file.ts";
import { TagSet } from "./tag_set.ts";

/**
 * The number of 16-bit numbers that stand for destinations: two clients share one with a probability of 1 in 65,536.
 */
export const DESTINATIONS = 65_536;

/** A start later than this, in ms, is damaged. */
const LATEST = 1e15;
const FILE_NAME = /^(\d{10})\.seen$/;
/** An older format, whose records have no destination. */
const OLD_FILE_NAME = /^(\d{10})\.tags$/;
const UNFINISHED_NAME = /^\d{10}\.new$/;

/** Tags from one period of time, which expire together. */
export interface Generation {
  /** counts from 1, in order of time; part of its file's name */
  readonly number: number;
  /** when its first tag could arrive, in ms of the filter's own time; it covers a part of the window */
  start: number;
  /** the first 8 bytes of each tag, as two little-endian words */
  readonly tags: TagSet;
  /** the number of tags of each destination */
  readonly counts: Uint32Array;
}

/** What an earlier run left in the folder. */
export interface LoadedGenerations {
  /** oldest first */
  readonly generations: Generation[];
  /** the last number given to a generation; 0 if there was none yet */
  readonly number: number;
  /**
   * when the last generation began, in ms of the filter's own time; now if that is damaged or there is no generation
   */
  readonly began: number;
  /** the file of the last generation, open for appending */
  readonly file: TagFile | undefined;
}

/** The path of a generation's file. */
export function generationFile(folder: string, number: number): string {
  return fileOf(folder, number, "seen");
}

/** The path of a generation's file while it is being written. */
export function unfinishedFile(folder: string, number: number): string {
  return fileOf(folder, number, "new");
}

function fileOf(folder: string, number: number, extension: string): string {
  return join(folder, `${String(number).padStart(10, "0")}.${extension}`);
}

/**
 * A generation without tags.
 *
 * @param start ms of the filter's own time
 * @param capacity the number of tags that it can hold
 * @param expected the number of tags that it can hold without growing
 */
export function emptyGeneration(number: number, start: number, capacity: number, expected: number): Generation {
  return { number, start, tags: new TagSet(capacity, expected), counts: new Uint32Array(DESTINATIONS) };
}

/**
 * Reads the generations of a folder, and removes files too short to have a start.
 *
 * Damage may have changed a start to anything, and it is unknown which one is damaged, so none may make the others'
 * tags seem too old: then all of them start at the last one's start, or at `now` if that is impossible.
 *
 * @param capacity the most tags in a generation; one with more already is full
 * @param span the last generation begins at most this many ms after the first
 * @param now ms since 1970
 * @throws what the file system throws
 */
export function loadGenerations(folder: string, capacity: number, span: number, now: number): LoadedGenerations {
  for (const name of namesLike(UNFINISHED_NAME, folder)) Deno.removeSync(join(folder, name));
  for (const name of namesLike(OLD_FILE_NAME, folder)) convert(folder, name);
  const generations: Generation[] = [];
  let number = 0;
  let lastRecords: TagRecords | undefined;
  for (const name of namesLike(FILE_NAME, folder)) {
    number = numberOf(name);
    const read = TagFile.read(join(folder, name));
    if (read === undefined) {
      Deno.removeSync(join(folder, name));
      continue;
    }
    const tags = read.records.length / RECORD_SIZE;
    const generation = emptyGeneration(number, read.start, Math.max(capacity, tags), tags);
    for (let at = 0; at < read.records.length; at += RECORD_SIZE) addRecord(generation, read.records, at);
    generations.push(generation);
    lastRecords = read;
  }
  const last = generations.at(-1);
  if (last === undefined || lastRecords === undefined) return { generations, number, began: now, file: undefined };
  const began = last.start >= 0 && last.start <= LATEST ? last.start : now;
  if (!startsAreWhole(generations, span)) { for (const each of generations) each.start = began; }
  return { generations, number, began, file: reopen(folder, last.number, lastRecords) };
}

/** Opens a generation's file for appending. One that may be in use elsewhere is replaced: it is not ours to change. */
function reopen(folder: string, number: number, read: TagRecords): TagFile {
  const path = generationFile(folder, number);
  return isLinked(path) ? replaceFile(folder, number, read) : TagFile.reopen(path, read);
}

/** Writes a generation's file, in place of any there, and returns it open for appending. */
function replaceFile(folder: string, number: number, { start, records }: TagRecords): TagFile {
  const path = unfinishedFile(folder, number);
  const file = TagFile.create(path, start);
  try {
    file.appendAll(records);
    file.syncNow();
    Deno.renameSync(path, generationFile(folder, number));
    return file;
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** Adds the tag of the record at index `at` of `records` to a generation. */
export function addRecord({ tags, counts }: Generation, records: Uint8Array, at: number): void {
  const high = word(records, at);
  const low = word(records, at + 4);
  if ((high | low) === 0) return; // a power failure can leave zeros at the end
  tags.add(high, low || 1);
  counts[destinationAt(records, at)]!++;
}

/** The destination's 16-bit number in the record at index `at`. */
export function destinationAt(records: Uint8Array, at: number): number {
  return records[at + KEPT_TAG_SIZE]! | records[at + KEPT_TAG_SIZE + 1]! << 8;
}

/** The unsigned 32-bit number at index `at`, little-endian. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}

/** Names of files, oldest first. */
function namesLike(pattern: RegExp, folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => pattern.test(name)).sort();
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** Whether the starts are possible: in order, and the first generation had not expired when the last began. */
function startsAreWhole(generations: readonly Generation[], span: number): boolean {
  const latest = generations[0]!.start + span;
  return generations.every(({ start }, i) => start >= (generations[i - 1]?.start ?? 0) && start < latest);
}

/** Converts a file of the older format. The tags' last bytes, which are random, serve as destinations. */
function convert(folder: string, name: string): void {
  const old = TagFile.read(join(folder, name), KEPT_TAG_SIZE);
  if (old !== undefined) {
    const tags = old.records.length / KEPT_TAG_SIZE;
    const records = new Uint8Array(tags * RECORD_SIZE);
    for (let i = 0; i < tags; i++) {
      const tag = old.records.subarray(i * KEPT_TAG_SIZE, (i + 1) * KEPT_TAG_SIZE);
      records.set(tag, i * RECORD_SIZE);
      records.set(tag.subarray(-2), i * RECORD_SIZE + KEPT_TAG_SIZE);
    }
    using _file = replaceFile(folder, numberOf(name), { start: old.start, records });
  }
  Deno.removeSync(join(folder, name));
}
