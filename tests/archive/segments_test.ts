import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ArchiveError } from "../../src/archive/archive_error.ts";
import { SEALED_SEGMENT_SIZE, SEGMENT_SIZE, SegmentOpener } from "../../src/archive/segments.ts";
import { concat, KEY, sealed } from "./sealed.ts";

/** Where the first segment begins, in these tests. */
const OFFSET = 64;
/** Lengths about which something changes. */
const LENGTHS = [0, 1, 100, SEGMENT_SIZE - 1, SEGMENT_SIZE, SEGMENT_SIZE + 1, 2 * SEGMENT_SIZE, 2 * SEGMENT_SIZE + 7];

function opened(...pieces: Uint8Array[]): Uint8Array {
  const opener = new SegmentOpener(KEY, OFFSET);
  return concat(...pieces.flatMap((piece) => [...opener.push(piece)]), opener.end());
}

function refusal(file: Uint8Array): string {
  return assertThrows(() => opened(file), ArchiveError).message;
}

function plainOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 31 >> 3);
}

Deno.test("what was sealed is opened, however it comes in pieces", () => {
  for (const length of LENGTHS) {
    const plain = plainOf(length);
    const file = sealed(plain);
    assertEquals(file.length, length + 16 * Math.max(1, Math.ceil(length / SEGMENT_SIZE)));
    assertEquals(opened(file), plain);
    assertEquals(sealed(plain.subarray(0, length / 3), plain.subarray(length / 3)), file);
    fc.assert(
      fc.property(fc.array(fc.nat(file.length), { maxLength: 5 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), file.length];
        assert(opened(...at.slice(1).map((end, i) => file.subarray(at[i], end))).every((byte, i) => byte === plain[i]));
      }),
      { numRuns: 10 },
    );
  }
});

Deno.test("every flipped byte of a short file is found, and every cut", () => {
  const file = sealed(plainOf(100));
  for (let at = 0; at < file.length; at++) {
    const damaged = file.slice();
    damaged[at]! ^= 1 << at % 8;
    assertEquals(refusal(damaged), "segment 0 (bytes 64 to 179) is damaged, or the file is cut short there");
    refusal(file.subarray(0, at));
  }
});

Deno.test("a flipped byte anywhere in a long file is found, in the segment where it is", () => {
  const file = sealed(plainOf(3 * SEGMENT_SIZE + 500));
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = file.slice();
      damaged[at]! ^= flip;
      const number = Math.floor(at / SEALED_SEGMENT_SIZE);
      const from = OFFSET + number * SEALED_SEGMENT_SIZE;
      const to = Math.min(from + SEALED_SEGMENT_SIZE, OFFSET + file.length) - 1;
      assert(refusal(damaged).startsWith(`segment ${number} (bytes ${from} to ${to}) is damaged`));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a cut anywhere in a long file is found, also between segments", () => {
  const file = sealed(plainOf(2 * SEGMENT_SIZE + 500));
  fc.assert(
    fc.property(fc.nat(file.length - 1), (size) => void refusal(file.subarray(0, size))),
    { numRuns: 200 },
  );
  assertEquals(refusal(file.subarray(0, 0)), "it is cut short: it ends at byte 64, and segment 0 is not its last");
  assertEquals(
    refusal(file.subarray(0, SEALED_SEGMENT_SIZE)),
    "it is cut short: it ends at byte 65616, and segment 0 is not its last",
  );
});

Deno.test("segments that are swapped, left out, doubled or of another file are found", () => {
  const file = sealed(plainOf(3 * SEGMENT_SIZE + 500));
  const [a, b, c, last] = [0, 1, 2, 3].map((i) =>
    file.subarray(i * SEALED_SEGMENT_SIZE, (i + 1) * SEALED_SEGMENT_SIZE)
  );
  assertEquals(opened(a!, b!, c!, last!).length, 3 * SEGMENT_SIZE + 500);
  assertEquals(refusal(concat(b!, a!, c!, last!)), "segment 0 (bytes 64 to 65615) is damaged");
  assertEquals(refusal(concat(a!, c!, b!, last!)), "segment 1 (bytes 65616 to 131167) is damaged");
  assertEquals(refusal(concat(a!, c!, last!)), "segment 1 (bytes 65616 to 131167) is damaged");
  assertEquals(refusal(concat(a!, a!, b!, c!, last!)), "segment 1 (bytes 65616 to 131167) is damaged");
  assertEquals(
    refusal(concat(a!, b!, last!)),
    "segment 2 (bytes 131168 to 131683) is damaged, or the file is cut short there",
  );
});

Deno.test("bytes that were appended are found", () => {
  for (const length of LENGTHS) {
    const file = sealed(plainOf(length));
    for (const more of [1, 16, SEALED_SEGMENT_SIZE]) refusal(concat(file, new Uint8Array(more)));
    refusal(concat(file, file));
  }
  const whole = sealed(plainOf(SEGMENT_SIZE));
  assertEquals(
    refusal(concat(whole, new Uint8Array(1))),
    "it goes on after its end: byte 65616 and what follows do not belong to it",
  );
});
