import { openPrivateFile } from "../files/private.ts";

/** Bytes of a tag that are kept: a fresh packet then meets one of five million others once in 10^12. */
export const KEPT_TAG_SIZE = 8;

const HEADER_SIZE = 8;

/** What a file holds. */
export interface TagRecords {
  /** when its first tag came, in ms since 1970 */
  start: number;
  /** the tags, one after the other */
  tags: Uint8Array;
}

/**
 * A file of tags that grows at its end and is never written over: start (8, a float) ‖ tag (8) ‖ tag (8) … A tag outlives
 * the program once {@linkcode append} has returned, and the machine once it is synced.
 */
export class TagFile {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Begins a file; what an attempt before has left there goes. */
  static create(path: string, start: number): TagFile {
    const file = openPrivateFile(path, { write: true, truncate: true });
    const header = new Uint8Array(Float64Array.of(start).buffer);
    try {
      for (let written = 0; written < HEADER_SIZE;) written += file.writeSync(header.subarray(written));
    } catch (error) {
      file.close();
      throw error;
    }
    return new TagFile(file);
  }

  /** Goes on with a file of `read`; a tag of which a crash has left only a part is cut off. */
  static reopen(path: string, { tags }: TagRecords): TagFile {
    Deno.truncateSync(path, HEADER_SIZE + tags.length);
    return new TagFile(Deno.openSync(path, { append: true }));
  }

  /** The whole tags of a file; undefined when it does not even say when it was begun. */
  static read(path: string): TagRecords | undefined {
    const bytes = Deno.readFileSync(path);
    if (bytes.length < HEADER_SIZE) return undefined;
    const whole = bytes.length - bytes.length % KEPT_TAG_SIZE;
    return {
      start: new Float64Array(bytes.buffer.slice(0, HEADER_SIZE))[0]!,
      tags: bytes.subarray(HEADER_SIZE, whole),
    };
  }

  /** Returns how many bytes were written. Throws when none can be. */
  append(bytes: Uint8Array): number {
    return this.#file.writeSync(bytes);
  }

  /** Resolves when everything appended has reached the disk; rejects with the error of the file system. */
  sync(): Promise<void> {
    return this.#file.syncData();
  }

  /** Like {@linkcode sync}, but blocks, and throws the error. */
  syncNow(): void {
    this.#file.syncDataSync();
  }

  /** Closes the file without syncing it. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
