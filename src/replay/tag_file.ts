import { replacePrivateFile } from "../files/private.ts";
import { openRegularFile, readRegularFile } from "../files/regular.ts";

/** Bytes of a tag that are kept: a new packet collides with one of five million others once in 10^12. */
export const KEPT_TAG_SIZE = 8;
/** Bytes of a record: a tag, and the number (2, little-endian) that stands for its destination. */
export const RECORD_SIZE: number = KEPT_TAG_SIZE + 2;

const HEADER_SIZE = 8;

/** The contents of a file. */
export interface TagRecords {
  /** when its first tag arrived, in ms since 1970 */
  start: number;
  /** whole records, one after the other */
  records: Uint8Array;
}

/**
 * A file of tags that is only appended to, never overwritten: start (8, a float) ‖ record ‖ record … A tag outlives
 * a kill once {@linkcode append} has returned, and a power failure once it is synced.
 */
export class TagFile {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Creates a file, in place of what an earlier attempt left there. Throws what the file system throws. */
  static create(path: string, start: number): TagFile {
    const file = replacePrivateFile(path);
    const tagFile = new TagFile(file);
    try {
      tagFile.appendAll(new Uint8Array(Float64Array.of(start).buffer));
    } catch (error) {
      file.close();
      throw error;
    }
    return tagFile;
  }

  /** Opens a file that {@linkcode read} has read, to append to it; cuts off a record that a crash left incomplete. */
  static reopen(path: string, { records }: TagRecords): TagFile {
    const file = openRegularFile(path, { append: true });
    try {
      file.truncateSync(HEADER_SIZE + records.length);
    } catch (error) {
      file.close();
      throw error;
    }
    return new TagFile(file);
  }

  /**
   * The whole records of a file; undefined when it is too short to have a start. Throws when it cannot be read.
   *
   * @param size bytes of a record
   */
  static read(path: string, size = RECORD_SIZE): TagRecords | undefined {
    const bytes = readRegularFile(path);
    if (bytes.length < HEADER_SIZE) return undefined;
    const start = new Float64Array(bytes.buffer.slice(0, HEADER_SIZE))[0]!;
    const records = bytes.subarray(HEADER_SIZE);
    return { start, records: records.subarray(0, records.length - records.length % size) };
  }

  /**
   * The whole records of a file, in pieces in a reused buffer. Throws when it cannot be read.
   *
   * @param most the most records in one piece
   */
  static *pieces(path: string, most: number): Generator<Uint8Array, void> {
    using file = openRegularFile(path);
    file.seekSync(HEADER_SIZE, Deno.SeekMode.Start);
    const buffer = new Uint8Array(most * RECORD_SIZE);
    for (let size = 0;;) {
      const read = file.readSync(buffer.subarray(size));
      if (read === null) return;
      size += read;
      const whole = size - size % RECORD_SIZE;
      const rest = buffer.slice(whole, size);
      yield buffer.subarray(0, whole);
      buffer.set(rest);
      size = rest.length;
    }
  }

  /** Writes some of the bytes, and returns how many. Throws if it can write nothing. */
  append(bytes: Uint8Array): number {
    return this.#file.writeSync(bytes);
  }

  /** Writes all bytes. Throws if it cannot; a part may then have been written. */
  appendAll(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length;) written += this.append(bytes.subarray(written));
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
