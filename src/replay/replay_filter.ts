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
/** The least number of generations in a full filter: the fewer, the longer it takes one to grow. */
const FULL_GENERATIONS = 4;
/** Tags are evicted when there are more than this share of the most allowed, until … */
const BRIM = 15 / 16;
/** … this share remains. */
const EVICTED_TO = 3 / 4;
/** A generation lasts at least this long, in ms, however short the window is. */
const SHORTEST_PART = 1000;
/**
 * The most bytes kept while nothing can be written; beyond it they are given up. Enough for the tags of all packets
 * admitted for absent clients while no commit succeeds, about 17,000 (mailbox.ts: those waiting, and those in the
 * commit). Packets for connected clients keep arriving; tags that are given up are remembered until the next start.
 */
const MAX_PENDING = 32_768 * RECORD_SIZE;

/**
 * Recognizes replayed packets. It keeps the tags of admitted ones for at least the window, and at most half of it
 * longer. Only running time counts: no clock reliably says how long the program was down, and it is safer to keep a tag
 * too long than not long enough.
 *
 * Tags are kept in successive generations, each a set in memory and a file that is only ever appended to. Generations
 * expire as a whole. When there are too many tags, those of the destinations that have the most are evicted, oldest
 * first (eviction.ts): a flood for one client, or for a hundred, makes the gateway forget packets of those clients and
 * nobody else's. Of each tag 8 bytes are kept, so at most one packet in 10^12 is mistaken for another.
 *
 * A tag is in its file before the end of the event loop turn in which its packet was admitted, so before the message
 * can be committed: a kill loses none. It is synced along with that commit, before anybody knows of the message: a
 * power failure loses no tag of a pushed message.
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
  /** ms by which its own time is ahead of `now`: it continues from the start of the previous run's last generation */
  #ahead = 0;
  /** when the oldest generation leaves the window */
  #nextExpiry = Infinity;
  /** set while tags are being evicted */
  #eviction: Generator<void, void> | undefined;
  /** something was written that may not have reached the disk itself */
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
   * Opens or creates the folder with the tags, and reads the existing ones (200 ms per million).
   *
   * @param window in ms of running time
   * @param most the most tags kept, at about 16 bytes of memory each
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

  /** Whether tags can't be written now, so that a kill would forget them. */
  get isFailing(): boolean {
    return this.#failing;
  }

  /** The number of tags remembered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Whether the packet with this tag is new. If so, remembers it. Call {@linkcode flush} before the turn ends.
   *
   * @param tag at least 8 bytes
   * @param destination a 16-bit number that stands for the packet's client, and that nobody must be able to choose
   */
  admit(tag: Uint8Array, destination: number): boolean {
    const now = this.#turn ??= this.now() + this.#ahead; // reading the clock for each packet would take 1 µs
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
      if (!this.#failing) log.error(`cannot write which packets were seen, retrying with the next ones: ${error}`);
      this.#failing = true;
      return;
    }
    if (this.#failing) log.info("packets that were seen can be written again");
    this.#failing = false;
    this.#unsynced = true;
  }

  /** Writes and syncs the admitted tags, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.flush();
    this.#eviction?.return();
    await this.sync();
    this.#file?.[Symbol.dispose]();
  }

  /** Resolves when everything flushed so far has reached the disk, or the failure is logged. */
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
    // With room for as many as in the previous one, because growing blocks everything for a while.
    const capacity = this.#generationCapacity;
    const generation = emptyGeneration(++this.#number, start, capacity, this.#generations.at(-1)?.tags.size ?? 0);
    this.#generations.push(generation);
    this.#noteExpiry();
    return generation;
  }

  get #generationCapacity(): number {
    return Math.ceil(this.most / FULL_GENERATIONS);
  }

  /** The number of tags that remain after an eviction. */
  get #target(): number {
    return Math.floor(EVICTED_TO * this.most);
  }

  /** Drops the generations that have left the window. */
  #expire(now: number): void {
    this.#finishEviction();
    while (this.#generations.length > 0 && this.#endOf(this.#generations[0]!) <= now) this.#drop();
    this.#noteExpiry();
  }

  #noteExpiry(): void {
    const oldest = this.#generations[0];
    this.#nextExpiry = oldest === undefined ? Infinity : this.#endOf(oldest);
  }

  /** When the last of a generation's tags leaves the window. */
  #endOf({ start }: Generation): number {
    return start + this.#part + this.window;
  }

  /** Starts to evict tags; if the filter is full, finishes at once. */
  #evict(): void {
    if (this.#eviction === undefined) {
      log.warn(
        "there are more packets than replay_packets, so not all can be remembered for the whole replay_window: " +
          "the oldest ones of the clients that get the most are forgotten",
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
      log.warn(`cannot rewrite the files of packets seen, forgetting the oldest: ${error}`);
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

  /** Replaces generations with one of their remaining tags, whose file has already replaced that of the first. */
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

  /** Gives up everything pending, except the rest of a partly written tag. */
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
