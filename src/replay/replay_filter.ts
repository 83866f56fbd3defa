import type { MixnetCounterName } from "../counting/counter_table.ts";
import { makePrivateFolder } from "../files/private.ts";
import type { Count } from "../counting/counters.ts";
import { logger } from "../logging/log.ts";
import { evict } from "./eviction.ts";
import { emptyGeneration, type Generation, generationFile, loadGenerations, word } from "./generations.ts";
import { KEPT_TAG_SIZE, RECORD_SIZE, TagFile } from "./tag_file.ts";

const log = logger("nym_gateway::replay");

/** The window is divided into this many parts; tags of one part expire together. */
const PARTS = 2;
/** Least number of generations when the filter is full: the fewer, the longer it takes one to grow. */
const FULL_GENERATIONS = 4;
/** Tags are evicted when more than this share of their number is reached, until … */
const BRIM = 15 / 16;
/** … this share is left. */
const EVICTED_TO = 3 / 4;
/** A generation lasts at least this long, in ms, however short the window is. */
const SHORTEST_PART = 1000;
/**
 * Most bytes that wait while nothing can be written; beyond it they are given up. Enough for the tags of all packets that
 * are admitted for absent clients while no commit succeeds, some 17,000 (mailbox.ts: those that wait, and those of the
 * commit). Packets for connected clients keep arriving; tags that are given up are known until the next start.
 */
const MAX_PENDING = 32_768 * RECORD_SIZE;

/**
 * Recognizes replayed packets: it keeps the tags of admitted ones for at least the window, and at most half of it longer.
 * Only the time in which it runs counts: no clock is sure to say how long it was down, and it is safer to keep a tag for
 * too long than not long enough.
 *
 * Tags are kept in generations, one after the other in time, each a set in memory and a file that is only ever appended
 * to. The oldest expire as a whole. When there are too many tags, those of the destinations that have the most are
 * evicted, the oldest first (eviction.ts): a flood of one client, or of a hundred, makes the gateway forget the packets of
 * those clients and nobody else's. Of every tag 8 bytes are kept, so a packet is taken for another once in 10^12 at most.
 *
 * A tag is in its file before the turn of the event loop ends in which its packet was admitted, so before the message
 * can be committed: a kill forgets none. It is synced along with that commit, before anybody knows of the message: a
 * power failure forgets none of messages that were pushed.
 */
export class ReplayFilter {
  /** oldest first */
  readonly #generations: Generation[] = [];
  readonly #part: number;
  #number = 0;
  #size = 0;
  #file: TagFile | undefined;
  #pending = new Uint8Array(MAX_PENDING);
  #pendingSize = 0;
  /** the filter's own time in this turn of the event loop, until the flush */
  #turn: number | undefined;
  /** ms by which its own time is ahead of `now`: it continues where the last generation of the run before began */
  #ahead = 0;
  /** when the oldest generation is out of the window */
  #nextExpiry = Infinity;
  /** while tags are evicted */
  #eviction: Generator<void, void> | undefined;
  /** something is written and may not have reached the disk itself */
  #unsynced = false;
  #failing = false;

  private constructor(
    private readonly folder: string,
    private readonly window: number,
    private readonly most: number,
    private readonly count: Count<MixnetCounterName>,
    private readonly now: () => number,
  ) {
    this.#part = Math.max(window / PARTS, SHORTEST_PART);
  }

  /**
   * Opens or creates the folder with the tags, and reads the existing ones (200 ms a million).
   *
   * @param window ms in which the program runs
   * @param most most tags that are kept, at some 16 bytes of memory each
   * @param count counts replay_tags_forgotten_early and replay_tags_unwritten
   * @param now ms since 1970; the default does not jump with the clock while the program runs
   * @throws what the file system throws
   */
  static open(
    folder: string,
    window: number,
    most: number,
    count: Count<MixnetCounterName> = () => {},
    now = () => performance.timeOrigin + performance.now(),
  ): ReplayFilter {
    const filter = new ReplayFilter(folder, window, most, count, now);
    makePrivateFolder(folder);
    filter.#load();
    return filter;
  }

  /** How many tags it knows. */
  get size(): number {
    return this.#size;
  }

  /**
   * Whether the packet with this tag is new; it is then remembered. Call {@linkcode flush} before the turn ends.
   *
   * @param tag at least 8 bytes
   * @param destination a number of 16 bits that stands for the packet's client: nobody may be able to choose it
   */
  admit(tag: Uint8Array, destination: number): boolean {
    const now = this.#turn ??= this.now() + this.#ahead; // asking for each packet takes 1 µs
    if (now >= this.#nextExpiry) this.#expire(now);
    const high = word(tag, 0);
    const low = word(tag, 4) || 1; // never all zeros, which stand for an empty slot
    for (const { tags } of this.#generations) {
      if (tags.has(high, low)) return false;
    }
    const { tags, counts } = this.#current(now);
    tags.add(high, low);
    counts[destination]!++;
    if (this.#pendingSize > MAX_PENDING - RECORD_SIZE) this.#giveUp();
    const record = this.#pending;
    record.set(tag.subarray(0, KEPT_TAG_SIZE), this.#pendingSize);
    record[this.#pendingSize + KEPT_TAG_SIZE] = destination;
    record[this.#pendingSize + KEPT_TAG_SIZE + 1] = destination >> 8;
    this.#pendingSize += RECORD_SIZE;
    if (++this.#size > BRIM * this.most) this.#evict();
    return true;
  }

  /** Writes the admitted tags to their file. Logs a failure; the next call then retries. */
  flush(): void {
    this.#turn = undefined;
    this.#evictFurther();
    if (this.#pendingSize === 0) return;
    try {
      this.#file ??= this.#createFile();
      while (this.#pendingSize > 0) {
        const written = this.#file.append(this.#pending.subarray(0, this.#pendingSize));
        this.#pending.copyWithin(0, written, this.#pendingSize);
        this.#pendingSize -= written;
      }
    } catch (error) {
      if (!this.#failing) log.error(`cannot write which packets were seen, trying again with the next: ${error}`);
      this.#failing = true;
      return;
    }
    if (this.#failing) log.info("which packets were seen is written again");
    this.#failing = false;
    this.#unsynced = true;
  }

  /** Writes and syncs what was admitted, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.flush();
    this.#eviction?.return();
    await this.sync();
    this.#file?.[Symbol.dispose]();
  }

  /** Resolves when everything flushed so far has reached the disk, or when that has failed and is logged. */
  async sync(): Promise<void> {
    if (!this.#unsynced) return;
    this.#unsynced = false;
    try {
      await this.#file?.sync();
    } catch (error) {
      this.#unsynced = true;
      log.warn(`cannot sync which packets were seen: ${error}`);
    }
  }

  /** The generation for tags that arrive now. */
  #current(now: number): Generation {
    const current = this.#generations.at(-1);
    if (current === undefined || now >= current.start + this.#part) return this.#begin(now);
    return current.tags.isFull ? this.#begin(current.start) : current;
  }

  #begin(start: number): Generation {
    this.flush();
    this.#closeFile();
    // With room for as many as last time: growing blocks everything for a while.
    const capacity = this.#generationCapacity;
    const generation = emptyGeneration(++this.#number, start, capacity, this.#generations.at(-1)?.tags.size ?? 0);
    this.#generations.push(generation);
    this.#noteExpiry();
    return generation;
  }

  get #generationCapacity(): number {
    return Math.ceil(this.most / FULL_GENERATIONS);
  }

  /** How many tags remain when some are evicted. */
  get #target(): number {
    return Math.floor(EVICTED_TO * this.most);
  }

  /** Drops the generations that are out of the window. */
  #expire(now: number): void {
    this.#finishEviction();
    while (this.#generations.length > 0 && this.#endOf(this.#generations[0]!) <= now) this.#drop();
    this.#noteExpiry();
  }

  #noteExpiry(): void {
    const oldest = this.#generations[0];
    this.#nextExpiry = oldest === undefined ? Infinity : this.#endOf(oldest);
  }

  /** When all of a generation's tags are out of the window. */
  #endOf({ start }: Generation): number {
    return start + this.#part + this.window;
  }

  /** Begins to evict tags; when the filter is full, finishes at once. */
  #evict(): void {
    if (this.#eviction === undefined) {
      log.warn(
        "there are more packets than can be remembered for the whole replay_window: " +
          "the oldest of the clients that get the most are forgotten",
      );
      const sources = this.#generations.slice();
      this.#begin(this.#generations.at(-1)!.start);
      this.#eviction = evict(this.folder, sources, this.#target, this.#generationCapacity, this.#replace.bind(this));
    } else if (this.#size >= this.most) this.#finishEviction();
  }

  #evictFurther(): void {
    try {
      if (this.#eviction?.next().done === true) this.#eviction = undefined;
    } catch (error) {
      log.warn(`cannot rewrite which packets were seen, forgetting the oldest: ${error}`);
      this.#eviction = undefined;
      while (this.#size > this.#target) {
        this.count("replay_tags_forgotten_early", this.#generations[0]!.tags.size);
        this.#drop();
      }
      this.#noteExpiry();
    }
  }

  #finishEviction(): void {
    while (this.#eviction !== undefined) this.#evictFurther();
  }

  /** Replaces generations by one with what remains of them; its file has replaced that of the first already. */
  #replace(sources: readonly Generation[], by: Generation): void {
    this.#generations.splice(this.#generations.indexOf(sources[0]!), sources.length, by);
    const evicted = sources.reduce((sum, { tags }) => sum + tags.size, 0) - by.tags.size;
    this.#size -= evicted;
    this.count("replay_tags_forgotten_early", evicted);
    for (const { number } of sources.slice(1)) this.#removeFile(number);
    this.#noteExpiry();
  }

  /** Forgets the oldest generation. */
  #drop(): void {
    const { number, tags } = this.#generations.shift()!;
    this.#size -= tags.size;
    if (this.#generations.length === 0) this.#closeFile();
    this.#removeFile(number);
  }

  #removeFile(number: number): void {
    try {
      Deno.removeSync(generationFile(this.folder, number));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) log.warn(`cannot remove a file of packets seen: ${error}`);
    }
  }

  #closeFile(): void {
    if (this.#pendingSize > 0) this.#giveUp();
    this.#pendingSize = 0;
    try {
      this.#file?.syncNow();
    } catch (error) {
      log.warn(`cannot sync which packets were seen: ${error}`);
    }
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  /** Gives up everything that waits, except the rest of a tag that is partly written. */
  #giveUp(): void {
    this.count("replay_tags_unwritten", Math.floor(this.#pendingSize / RECORD_SIZE));
    this.#pendingSize %= RECORD_SIZE;
  }

  #createFile(): TagFile {
    const { number, start } = this.#generations.at(-1)!;
    return TagFile.create(generationFile(this.folder, number), start);
  }

  #load(): void {
    const now = this.now();
    const loaded = loadGenerations(this.folder, this.#generationCapacity, this.#part + this.window, now);
    this.#generations.push(...loaded.generations);
    this.#size = loaded.generations.reduce((sum, { tags }) => sum + tags.size, 0);
    this.#number = loaded.number;
    this.#file = loaded.file;
    this.#ahead = loaded.began - now;
    this.#expire(loaded.began);
  }
}
