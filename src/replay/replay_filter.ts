import type { MixnetCounterName } from "../counting/counter_table.ts";
import { makePrivateFolder } from "../files/private.ts";
import type { Count } from "../counting/counters.ts";
import { logger } from "../logging/log.ts";
import { type Generation, generationFile, loadGenerations } from "./generations.ts";
import { KEPT_TAG_SIZE, TagFile } from "./tag_file.ts";
import { TagSet } from "./tag_set.ts";

const log = logger("nym_gateway::replay");

/** The window is divided into this many parts; tags of one part expire together. */
const PARTS = 2;
/** Those parts, the one that goes on, and one that is partly out of the window. */
const MAX_GENERATIONS = PARTS + 2;
/** Tags of a generation: five eighths of 2^21 slots of 8 bytes. All generations: 5.2 million tags in 64 MiB. */
const GENERATION_CAPACITY = 1_310_720;
/** A generation lasts at least this long, in ms, however short the window is. */
const SHORTEST_PART = 1000;
/**
 * Bytes that wait while nothing can be written; beyond it they are given up. Room for the tags of all packets that are
 * admitted for absent clients while no commit succeeds, some 17,000 of them (mailbox.ts: those that wait, and those of the
 * commit). Those of clients that are online go on coming; given up, they are known until the next start.
 */
const MAX_PENDING = 262_144;

/**
 * Knows packets that come again: it keeps the tags of those that were admitted, for the window at least and half of it
 * longer at most. Only the time counts in which it runs: no clock can be trusted to tell for how long it was away, and a tag
 * is rather kept for too long than not long enough.
 *
 * Tags are kept in generations, one after the other in time, each a set in memory and a file that is only ever appended
 * to. The oldest go as a whole when they are out of the window, or when there are too many: then the window is shorter.
 * Of every tag 8 bytes are kept, so a packet is taken for another once in 10^12 at most.
 *
 * A tag is in its file before the turn of the event loop ends in which its packet was admitted, so before the message
 * can be committed: a kill forgets none. It is synced along with that commit, before anybody knows of the message: a
 * power failure forgets none of messages that were pushed.
 */
export class ReplayFilter {
  /** oldest first; at most MAX_GENERATIONS */
  readonly #generations: Generation[] = [];
  readonly #part: number;
  #number = 0;
  #file: TagFile | undefined;
  #pending = new Uint8Array(MAX_PENDING);
  #pendingSize = 0;
  /** its own time in this turn of the event loop, until the flush */
  #turn: number | undefined;
  /** what its own time is ahead of `now`: it goes on where the last generation of the run before began */
  #ahead = 0;
  /** when the oldest generation is out of the window */
  #nextExpiry = Infinity;
  /** something is written and may not have reached the disk itself */
  #unsynced = false;
  #failing = false;

  private constructor(
    private readonly folder: string,
    private readonly window: number,
    private readonly count: Count<MixnetCounterName>,
    private readonly capacity: number,
    private readonly now: () => number,
  ) {
    this.#part = Math.max(window / PARTS, SHORTEST_PART);
  }

  /**
   * Opens or makes the folder with the tags, reading the existing ones (100 ms a million).
   *
   * @param window ms, of those in which the program runs
   * @param capacity tags of a generation
   * @param now ms since 1970; the default does not jump with the clock while the program runs
   */
  static open(
    folder: string,
    window: number,
    count: Count<MixnetCounterName> = () => {},
    capacity = GENERATION_CAPACITY,
    now = () => performance.timeOrigin + performance.now(),
  ): ReplayFilter {
    const filter = new ReplayFilter(folder, window, count, capacity, now);
    makePrivateFolder(folder);
    filter.#load();
    return filter;
  }

  /** Tags that it knows. */
  get size(): number {
    return this.#generations.reduce((sum, { tags }) => sum + tags.size, 0);
  }

  /** Whether the packet with this tag (at least 8 bytes) has not been seen before. {@linkcode flush} before the turn ends. */
  admit(tag: Uint8Array): boolean {
    const now = this.#turn ??= this.now() + this.#ahead; // asking for each packet takes 1 µs
    if (now >= this.#nextExpiry) this.#forget(now);
    const high = word(tag, 0);
    const low = word(tag, 4) || 1; // never all zeros, which stand for an empty slot
    for (const { tags } of this.#generations) {
      if (tags.has(high, low)) return false;
    }
    this.#current(now).tags.add(high, low);
    if (this.#pendingSize > MAX_PENDING - KEPT_TAG_SIZE) this.#giveUp();
    this.#pending.set(tag.subarray(0, KEPT_TAG_SIZE), this.#pendingSize);
    this.#pendingSize += KEPT_TAG_SIZE;
    return true;
  }

  /** Writes the tags that were admitted to their file. What can't be written now is retried with what comes next. */
  flush(): void {
    this.#turn = undefined;
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
    await this.sync();
    this.#file?.[Symbol.dispose]();
  }

  /** Resolves when all that was flushed so far has reached the disk itself, or that has failed and is logged. */
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

  /** The generation that takes what comes now. */
  #current(now: number): Generation {
    const current = this.#generations.at(-1);
    const goesOn = current !== undefined && now < current.start + this.#part && !current.tags.isFull;
    return goesOn ? current : this.#begin(now);
  }

  #begin(now: number): Generation {
    this.flush();
    this.#closeFile();
    // With room for as many as came last time: growing holds everything up for a while.
    const tags = new TagSet(this.capacity, this.#generations.at(-1)?.tags.size ?? 0);
    const generation = { number: ++this.#number, start: now, tags };
    this.#generations.push(generation);
    this.#forget(now);
    return generation;
  }

  /** Lets the generations go that are out of the window, or too many. */
  #forget(now: number): void {
    const isOver = ({ start }: Generation) => start + this.#part + this.window <= now;
    while (this.#generations.length > 0 && isOver(this.#generations[0]!)) this.#drop();
    if (this.#generations.length > MAX_GENERATIONS) {
      log.warn("there are more packets than can be remembered for the whole replay_window: the oldest are forgotten");
      this.count("replay_tags_forgotten_early", this.#generations[0]!.tags.size);
      this.#drop();
    }
    const oldest = this.#generations[0];
    this.#nextExpiry = oldest === undefined ? Infinity : oldest.start + this.#part + this.window;
  }

  #drop(): void {
    const { number } = this.#generations.shift()!;
    if (this.#generations.length === 0) this.#closeFile();
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

  /** All that waits but the rest of a tag of which a part is written. */
  #giveUp(): void {
    this.count("replay_tags_unwritten", Math.floor(this.#pendingSize / KEPT_TAG_SIZE));
    this.#pendingSize %= KEPT_TAG_SIZE;
  }

  #createFile(): TagFile {
    const { number, start } = this.#generations.at(-1)!;
    return TagFile.create(generationFile(this.folder, number), start);
  }

  #load(): void {
    const now = this.now();
    const span = this.#part + this.window;
    const loaded = loadGenerations(this.folder, MAX_GENERATIONS, this.capacity, span, now);
    this.#generations.push(...loaded.generations);
    this.#number = loaded.number;
    this.#file = loaded.file;
    this.#ahead = loaded.began - now;
    this.#forget(loaded.began);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}
