import { hexToBytes } from "@noble/curves/utils.js";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";

Deno.test("base58 in the Bitcoin alphabet", () => {
  assertEquals(encodeBase58(new TextEncoder().encode("Hello World!")), "2NEpo7TZRRrLZSi2U");
  assertEquals(encodeBase58(hexToBytes("0000287fb4cd")), "11233QC4");
  assertEquals(decodeBase58("11233QC4"), hexToBytes("0000287fb4cd"));
  assertEquals(decodeBase58(""), new Uint8Array(0));
});

Deno.test("32 bytes survive, leading zeros too", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
    assertEquals(decodeBase58(encodeBase58(bytes)), bytes);
  }));
});

Deno.test("other characters and long text give undefined", () => {
  for (const text of ["0", "O", "I", "l", "abc def", "ä", "=", "2".repeat(65)]) {
    assertEquals(decodeBase58(text), undefined, text);
  }
});
