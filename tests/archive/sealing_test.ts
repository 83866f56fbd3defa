import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ArchiveError, WrongPassphrase } from "../../src/archive/archive_error.ts";
import { checkHeader, HEADER_SIZE, opened, sealed } from "../../src/archive/sealing.ts";
import { PASSPHRASE } from "./archives.ts";

const CHUNK = 65_536;
const SEALED_CHUNK = CHUNK + 16;
/** Lengths around the boundaries of chunks. */
const LENGTHS = [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7];

type Bytes = Uint8Array<ArrayBuffer>;

const plainOf = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => i * 31 >> 3);
const collected = async (pieces: AsyncIterable<Uint8Array>): Promise<Bytes> => concat(...await Array.fromAsync(pieces));

function concat(...pieces: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

const seal = async (plain: Bytes) => await collected(await sealed(ReadableStream.from([plain]), PASSPHRASE, 1));
const open = (pieces: readonly Bytes[], passphrase = PASSPHRASE) =>
  collected(opened(ReadableStream.from(pieces), passphrase));
const refusal = async (file: Bytes) => (await assertRejects(() => open([file]), ArchiveError)).message;
/** Bytes before the first chunk. */
const HEADER = (await seal(plainOf(0))).length - 16;

function flipped(file: Bytes, at: number, bits = 1): Bytes {
  const damaged = file.slice();
  damaged[at]! ^= bits;
  return damaged;
}

Deno.test("sealed bytes are opened, however they are split into pieces", async () => {
  for (const length of LENGTHS) {
    const plain = plainOf(length);
    const file = await seal(plain);
    checkHeader(file.subarray(0, HEADER_SIZE));
    assertEquals(await open([file]), plain);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(file.length), { maxLength: 5 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), file.length];
        const pieces = at.slice(1).map((end, i) => file.subarray(at[i], end)).filter((piece) => piece.length > 0);
        assertEquals((await open(pieces)).length, length);
      }),
      { numRuns: 5 },
    );
  }
  assertNotEquals(await seal(plainOf(1)), await seal(plainOf(1)));
});

Deno.test("a wrong passphrase is refused as such", async () => {
  const file = await seal(plainOf(100));
  await assertRejects(() => open([file], `${PASSPHRASE} `), WrongPassphrase);
});

Deno.test("every flipped bit and every cut of a short file is detected", async () => {
  const file = await seal(plainOf(20));
  const tries = async (bytes: Bytes) => {
    checkHeader(bytes.subarray(0, HEADER_SIZE));
    await open([bytes]);
  };
  for (let at = 0; at < file.length; at++) {
    const damaged = flipped(file, at, 1 << at % 8);
    // A flipped bit in the header's salt looks like a wrong passphrase.
    const error = await assertRejects(() => tries(damaged), Error);
    assert(error instanceof ArchiveError || error instanceof WrongPassphrase, `byte ${at}: ${error}`);
    await assertRejects(() => tries(file.subarray(0, at)), ArchiveError);
  }
});

Deno.test("a flipped byte or a cut in a long file is detected, also between chunks", async () => {
  const file = await seal(plainOf(3 * CHUNK + 500));
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: HEADER, max: file.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, bits) => {
        await refusal(flipped(file, at, bits));
        await refusal(file.subarray(0, at));
      },
    ),
    { numRuns: 50 },
  );
  for (const chunks of [0, 1, 2, 3]) await refusal(file.subarray(0, HEADER + chunks * SEALED_CHUNK));
  assertEquals(
    await refusal(flipped(file, HEADER)),
    "it is damaged or cut short: nothing after byte 0 of its contents can be opened",
  );
});

Deno.test("swapped, missing, duplicate and foreign chunks are detected", async () => {
  const file = await seal(plainOf(3 * CHUNK + 500));
  const other = await seal(plainOf(3 * CHUNK + 500));
  const chunk = (of: Bytes, i: number) => of.subarray(HEADER + i * SEALED_CHUNK, HEADER + (i + 1) * SEALED_CHUNK);
  const [a, b, c, last] = [0, 1, 2, 3].map((i) => chunk(file, i)) as [Bytes, Bytes, Bytes, Bytes];
  const head = file.subarray(0, HEADER);
  assertEquals((await open([head, a, b, c, last])).length, 3 * CHUNK + 500);
  for (
    const chunks of [[b, a, c, last], [a, c, b, last], [a, c, last], [a, b, last], [a, a, b, c, last], [a, b, c], [
      last,
    ], [
      chunk(other, 0),
      b,
      c,
      last,
    ]]
  ) await refusal(concat(head, ...chunks));
});

Deno.test("appended bytes are detected", async () => {
  for (const length of LENGTHS) {
    const file = await seal(plainOf(length));
    for (const more of [1, 16, SEALED_CHUNK]) await refusal(concat(file, new Uint8Array(more)));
    await refusal(concat(file, file));
  }
});

Deno.test("other files, other kinds of age files and excessive work factors are refused before any work", async () => {
  const header = new TextDecoder().decode((await seal(plainOf(1))).subarray(0, HEADER_SIZE - 50));
  const headerError = (text: string) =>
    assertThrows(() => checkHeader(new TextEncoder().encode(text)), ArchiveError).message;
  for (const text of ["", "PK", "age-encryption.org/v1", "age-encryption.org/v2\n", " ".repeat(200)]) {
    assertEquals(headerError(text), "it is not an export of nym-gateway: it is not an age file");
  }
  assertEquals(headerError("age-encryption.org/v1\n-> X25519 "), "it is not sealed with a passphrase");
  assertEquals(headerError("age-encryption.org/v1\n-> scrypt short 18\n"), "its header is damaged");
  assertEquals(headerError(header.replace(/ 1\n/, " 01\n")), "its header is damaged");
  assertEquals(
    headerError(header.replace(/ 1\n/, " 19\n")),
    "it demands more work than any export: scrypt with N = 2^19",
  );
  checkHeader(new TextEncoder().encode(header.replace(/ 1\n/, " 18\n")));
});
