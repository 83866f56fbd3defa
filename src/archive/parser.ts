import { ArchiveError } from "./archive_error.ts";
import { ContentsReader, type Item } from "./contents.ts";
import { RecordParser } from "./records.ts";
import { SegmentOpener } from "./segments.ts";

/** Takes the bytes of an archive after its header in pieces, and gives what is in it: segments → records → items. */
export class ArchiveParser {
  readonly #segments: SegmentOpener;
  readonly #records = new RecordParser();
  readonly #contents = new ContentsReader();

  /** @param offset where in the file the first segment begins */
  constructor(key: Uint8Array, offset: number) {
    this.#segments = new SegmentOpener(key, offset);
  }

  /** @throws {ArchiveError} that says what is wrong, and where */
  *push(bytes: Uint8Array): Generator<Item> {
    for (const plain of this.#segments.push(bytes)) yield* this.#read(plain);
  }

  /**
   * The rest, as the file has ended.
   * @throws {ArchiveError} also when it should not have ended there
   */
  *end(): Generator<Item> {
    yield* this.#read(this.#segments.end());
    if (this.#records.midRecord) throw new ArchiveError("its contents end in the middle of a record");
    this.#contents.end();
  }

  *#read(plain: Uint8Array): Generator<Item> {
    for (const record of this.#records.push(plain)) yield this.#contents.read(record);
  }
}
