import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { assertEquals, assertNotEquals } from "@std/assert";
import { safetyNumber } from "../../src/conversation/safety_number.ts";

/** From the tests of Signal's libsignal: keys with its type byte in front. */
const ALICE = {
  identifier: utf8ToBytes("+14152222222"),
  key: hexToBytes("0506863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868"),
};
const BOB = {
  identifier: utf8ToBytes("+14153333333"),
  key: hexToBytes("05f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b"),
};
const NUMBER = "300354477692869396892869876765458257569162576843440918079131";

Deno.test("the safety number is that of Signal, the same on both sides", () => {
  assertEquals(safetyNumber(ALICE, BOB), NUMBER);
  assertEquals(safetyNumber(BOB, ALICE), NUMBER);
  assertNotEquals(safetyNumber(ALICE, { ...BOB, key: ALICE.key }), NUMBER);
});
