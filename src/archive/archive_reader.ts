import { ArchiveError } from "./archive_error.ts";
import type { Item } from "./contents.ts";
import { checkHeader, HEADER_SIZE, opened } from "./sealing.ts";
import { unpacked } from "./unpacking.ts";

/** Bytes that are read at a time. */
const READ_SIZE = 65_536;

/** Reads an archive from its first byte to its last, once, and holds little of it at a time. */
export class ArchiveReader implements Disposable {
  #position = 0;

  private constructor(
    private readonly file: Deno.FsFile,
    /** bytes of the file */
    readonly size: number,
  ) {}

  /** @throws {ArchiveError} when the file is none, by its header */
  static async open(path: string): Promise<ArchiveReader> {
    // Opening a pipe would wait for somebody to write into it.
    if (!(await Deno.stat(path)).isFile) throw new ArchiveError("it is not a file");
    const file = await Deno.open(path);
    try {
      const { size } = await file.stat();
      const header = new Uint8Array(HEADER_SIZE);
      let filled = 0;
      for (let read; filled < HEADER_SIZE && (read = await file.read(header.subarray(filled)));) filled += read;
      checkHeader(header.subarray(0, filled));
      await file.seek(0, Deno.SeekMode.Start);
      return new ArchiveReader(file, size);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes of the file that have been read. */
  get position(): number {
    return this.#position;
  }

  /**
   * What is in it; the pieces of a file have to be read before the next item. What it has given is authentic, but the
   * archive is whole only when it has ended.
   * @throws {WrongPassphrase}
   * @throws {ArchiveError} that says what is wrong
   */
  items(passphrase: string): AsyncGenerator<Item, void> {
    return unpacked(opened(this.#bytes(), passphrase));
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  async *#bytes(): AsyncGenerator<Uint8Array> {
    for (let read, buffer; (read = await this.file.read(buffer = new Uint8Array(READ_SIZE))) !== null;) {
      this.#position += read;
      yield buffer.subarray(0, read);
    }
  }
}
