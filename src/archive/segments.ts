import { createCipheriv, createDecipheriv } from "node:crypto";
import { ArchiveError } from "./archive_error.ts";
import { Gatherer } from "./gatherer.ts";

/**
 * What follows the header: segments of 64 KiB, each sealed by ChaCha20-Poly1305 (RFC 8439) and followed by its tag (16).
 * The nonce is the segment's number (11, big-endian, from 0) ‖ 1 for the last one, else 0. So none can be changed, left
 * out, moved or added, and the end can't be anywhere else. Only the last may be shorter. This is STREAM (Hoang,
 * Reyhanitabar, Rogaway, Vizár, 2015) as in the payload of an age file (age-encryption.org/v1); a key serves for one file.
 */
export const SEGMENT_SIZE = 65_536;

const CIPHER = "chacha20-poly1305";
const TAG_SIZE = 16;
const NONCE_SIZE = 12;
const NUMBER_AT = 3; // of 11 bytes 8 are enough
const LAST_FLAG_AT = 11;

/** Bytes that a whole segment takes in the file. */
export const SEALED_SEGMENT_SIZE = SEGMENT_SIZE + TAG_SIZE;

/** Takes bytes in pieces, and gives sealed segments. */
export class SegmentSealer {
  readonly #plain = new Gatherer(SEGMENT_SIZE);
  #number = 0;

  /** @param key 32 bytes that have sealed nothing yet */
  constructor(private readonly key: Uint8Array) {}

  /** The segments that are full and not the last. */
  *push(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    for (const plain of this.#plain.push(bytes)) yield this.#seal(plain, false);
  }

  /** The last segment. */
  end(): Uint8Array<ArrayBuffer> {
    return this.#seal(this.#plain.last, true);
  }

  #seal(plain: Uint8Array, isLast: boolean): Uint8Array<ArrayBuffer> {
    const sealed = new Uint8Array(plain.length + TAG_SIZE);
    const cipher = createCipheriv(CIPHER, this.key, nonceOf(this.#number++, isLast), { authTagLength: TAG_SIZE });
    sealed.set(cipher.update(plain));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plain.length);
    return sealed;
  }
}

/** Takes the bytes of a file after its header in pieces, and gives what was sealed, once it is found to be authentic. */
export class SegmentOpener {
  readonly #sealed = new Gatherer(SEALED_SEGMENT_SIZE);
  #number = 0;

  /** @param offset where in the file the first segment begins, for errors */
  constructor(private readonly key: Uint8Array, private offset: number) {}

  /** @throws {ArchiveError} at a segment that is damaged, and at bytes after the last one */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    for (const segment of this.#sealed.push(bytes)) {
      const plain = this.#open(segment, false);
      if (plain === undefined) throw this.#refuse(segment);
      this.#number++;
      this.offset += segment.length;
      yield plain;
    }
  }

  /**
   * What the last segment holds, as the file has ended.
   * @throws {ArchiveError} when it is damaged, or is not the last
   */
  end(): Uint8Array {
    const segment = this.#sealed.last;
    const plain = this.#open(segment, true);
    if (plain !== undefined) return plain;
    if (segment.length === 0 || this.#open(segment, false) !== undefined) {
      const end = this.offset + segment.length;
      throw new ArchiveError(`it is cut short: it ends at byte ${end}, and segment ${this.#number} is not its last`);
    }
    throw new ArchiveError(`segment ${this.#where(segment)} is damaged, or the file is cut short there`);
  }

  #refuse(segment: Uint8Array): ArchiveError {
    if (this.#open(segment, true) === undefined) return new ArchiveError(`segment ${this.#where(segment)} is damaged`);
    const end = this.offset + segment.length;
    return new ArchiveError(`it goes on after its end: byte ${end} and what follows do not belong to it`);
  }

  #open(segment: Uint8Array, isLast: boolean): Uint8Array | undefined {
    const end = segment.length - TAG_SIZE;
    if (end < 0) return undefined;
    const decipher = createDecipheriv(CIPHER, this.key, nonceOf(this.#number, isLast), { authTagLength: TAG_SIZE });
    decipher.setAuthTag(segment.subarray(end));
    const plain = decipher.update(segment.subarray(0, end));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length); // not a Buffer, whose slice() is another
  }

  /** As in `3 (bytes 196672 to 262223)`. */
  #where(segment: Uint8Array): string {
    return `${this.#number} (bytes ${this.offset} to ${this.offset + segment.length - 1})`;
  }
}

function nonceOf(number: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(NONCE_SIZE);
  new DataView(nonce.buffer).setBigUint64(NUMBER_AT, BigInt(number));
  nonce[LAST_FLAG_AT] = isLast ? 1 : 0;
  return nonce;
}
