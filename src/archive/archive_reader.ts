import { ArchiveError } from "./archive_error.ts";
import type { Item } from "./contents.ts";
import { checkHeader, HEADER_SIZE, opened } from "./sealing.ts";
import { unpacked } from "./unpacking.ts";

/** Bytes read at a time. */
const READ_SIZE = 65_536;

/** Reads an archive once, as a stream, with little of it in memory. */
export class ArchiveReader implements Disposable {
  #position = 0;

  private constructor(
    private readonly file: Deno.FsFile,
    /** bytes of the file */
    readonly size: number,
  ) {}

  /** Opens an archive and checks its header. @throws {ArchiveError} if the file's header is not that of an archive */
  static async open(path: string): Promise<ArchiveReader> {
    // Opening a pipe would wait for a writer.
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

  /** Bytes of the file read so far. */
  get position(): number {
    return this.#position;
  }

  /**
   * The items in the archive. Read the pieces of a file before the next item. Each item is authentic, but the archive
   * is known to be complete only once the generator ends without an error.
   *
   * @throws {WrongPassphrase} also if the header is damaged
   * @throws {ArchiveError} that says what is wrong
   */
  items(passphrase: string): AsyncGenerator<Item, void> {
    return unpacked(opened(this.#bytes(), passphrase));
  }

  /** Closes the file. */
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
