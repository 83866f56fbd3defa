import { ArchiveError } from "./archive_error.ts";
import type { Item } from "./contents.ts";
import { checkHeader, HEADER_SIZE, openHeader } from "./header.ts";
import { ArchiveParser } from "./parser.ts";

/** Bytes that are read at a time. */
const READ_SIZE = 65_536;

/** Reads an archive from its first byte to its last, once, and holds little of it at a time. */
export class ArchiveReader implements Disposable {
  #position = HEADER_SIZE;

  private constructor(
    private readonly file: Deno.FsFile,
    private readonly header: Uint8Array,
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
      return new ArchiveReader(file, header, size);
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
   * What is in it. What it has given is authentic, but the archive is whole only when the last item has come.
   * @throws {WrongPassphrase}
   * @throws {ArchiveError} that says what is wrong, and where
   */
  async *items(passphrase: string): AsyncGenerator<Item> {
    const parser = new ArchiveParser(openHeader(this.header, passphrase), HEADER_SIZE);
    const buffer = new Uint8Array(READ_SIZE);
    for (let read; (read = await this.file.read(buffer)) !== null;) {
      this.#position += read;
      yield* parser.push(buffer.subarray(0, read));
    }
    yield* parser.end();
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}
