import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ArchiveError, WrongPassphrase } from "../../src/archive/archive_error.ts";
import { checkHeader, HEADER_SIZE, makeHeader, openHeader } from "../../src/archive/header.ts";

const QUICK = { log2N: 4, r: 1, p: 1 };
const PASSPHRASE = "correct horse battery";

function refusal(header: Uint8Array): string {
  return assertThrows(() => checkHeader(header), ArchiveError).message;
}

Deno.test("a header gives its key for its passphrase alone, and another each time", () => {
  const { header, key } = makeHeader(PASSPHRASE, QUICK);
  checkHeader(header);
  assertEquals(header.length, HEADER_SIZE);
  assertEquals(openHeader(header, PASSPHRASE), key);
  assertThrows(() => openHeader(header, `${PASSPHRASE} `), WrongPassphrase);
  assertNotEquals(makeHeader(PASSPHRASE, QUICK).key, key);
});

Deno.test("a passphrase is the same however its letters were composed", () => {
  const { header, key } = makeHeader("caf\u00e9 au lait", QUICK);
  assertEquals(openHeader(header, "cafe\u0301 au lait"), key);
});

Deno.test("every flipped bit of a header is found before any work is done for it", () => {
  const { header } = makeHeader(PASSPHRASE, QUICK);
  for (let bit = 0; bit < 8 * HEADER_SIZE; bit++) {
    const damaged = header.slice();
    damaged[bit >> 3]! ^= 1 << bit % 8;
    refusal(damaged);
  }
});

Deno.test("what is no export, of another format or cut short is told apart", () => {
  const { header } = makeHeader(PASSPHRASE, QUICK);
  for (let size = 0; size < HEADER_SIZE; size++) refusal(header.subarray(0, size));
  assertEquals(refusal(new Uint8Array(0)), "it is no export of a nym-gateway: it does not begin as one");
  assertEquals(refusal(new Uint8Array(100).fill(32)), "it is no export of a nym-gateway: it does not begin as one");
  assertEquals(refusal(header.subarray(0, 30)), "it is cut short: it ends at byte 30, in its header");
  const newer = header.slice();
  newer[20] = 2;
  assertEquals(refusal(newer), "it is of format 2, and this program reads format 1: see whether it is older");
  const damaged = header.slice();
  damaged[40]! ^= 1;
  assertEquals(refusal(damaged), "its header (bytes 0 to 63) is damaged");
});

Deno.test("a file can't ask for all the memory and time that there is", () => {
  for (const cost of [{ ...QUICK, log2N: 19 }, { ...QUICK, log2N: 0 }, { ...QUICK, r: 9 }, { ...QUICK, p: 5 }]) {
    const { header } = makeHeader(PASSPHRASE, QUICK);
    header.set([cost.log2N, cost.r, cost.p], 21);
    assertEquals(
      refusal(withChecksum(header)).replace(/:.*/, ""),
      "its header asks for more work than any export of ours",
    );
  }
});

function withChecksum(header: Uint8Array<ArrayBuffer>): Uint8Array {
  const checksum = sha256(header.subarray(0, 56));
  header.set(checksum.subarray(0, 8), 56);
  return header;
}
