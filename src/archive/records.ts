import { ArchiveError } from "./archive_error.ts";

/** What the segments hold, one after the other: kind (1) ‖ length (4, big-endian) ‖ bytes. */
export interface ArchiveRecord {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

const HEAD_SIZE = 5;

/** An entry of a database has 65,536 bytes of value and 2048 of key at most. */
export const MAX_RECORD_SIZE = 131_072;

export function encodeRecord({ kind, bytes }: ArchiveRecord): Uint8Array {
  const record = new Uint8Array(HEAD_SIZE + bytes.length);
  record[0] = kind;
  new DataView(record.buffer).setUint32(1, bytes.length);
  record.set(bytes, HEAD_SIZE);
  return record;
}

/** Takes bytes in pieces, and gives records, wherever they were cut. It holds less than one record and one piece. */
export class RecordParser {
  #rest = new Uint8Array(0);
  /** of the records so far, for errors */
  #offset = 0;

  /**
   * What it gives are views of `bytes` where that can be.
   * @throws {ArchiveError} at a record that is too long
   */
  *push(bytes: Uint8Array): Generator<ArchiveRecord> {
    const all = this.#rest.length === 0 ? bytes : joined(this.#rest, bytes);
    let at = 0;
    while (at + HEAD_SIZE <= all.length) {
      const size = new DataView(all.buffer, all.byteOffset + at).getUint32(1);
      if (size > MAX_RECORD_SIZE) {
        throw new ArchiveError(`the record at byte ${this.#offset} of its contents has ${size} bytes, which none has`);
      }
      const end = at + HEAD_SIZE + size;
      if (end > all.length) break;
      yield { kind: all[at]!, bytes: all.subarray(at + HEAD_SIZE, end) };
      this.#offset += end - at;
      at = end;
    }
    this.#rest = all.slice(at);
  }

  /** Whether a record has begun and not ended. */
  get midRecord(): boolean {
    return this.#rest.length > 0;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
