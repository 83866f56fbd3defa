import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodePem, encodePem } from "../../src/encoding/pem.ts";

const TAG = "X25519 PRIVATE KEY";
const PEM_070 =
  "-----BEGIN X25519 PRIVATE KEY-----\r\nFIravJmut/PNMINsLxuo7TvhWo3Dgegl1TTj71e+dgA=\r\n-----END X25519 PRIVATE KEY-----\r\n";

Deno.test("a key file of 0.7.0 is read, and written again byte for byte", () => {
  const key = decodePem(TAG, PEM_070);
  assertEquals(key.length, 32);
  assertEquals(encodePem(TAG, key), PEM_070);
});

Deno.test("line ends, blank lines and spaces around do not matter", () => {
  const key = decodePem(TAG, PEM_070);
  assertEquals(decodePem(TAG, PEM_070.replaceAll("\r\n", "\n")), key);
  assertEquals(decodePem(TAG, `\n  ${PEM_070.trimEnd()}`), key);
});

Deno.test("any contents survive, in lines of at most 64", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const pem = encodePem("T", bytes);
    assert(pem.split("\r\n").every((line) => line.length <= 64));
    assertEquals(decodePem("T", pem), bytes);
  }));
});

Deno.test("a bad file is refused with what was wrong, and never with what it holds", () => {
  const cases: [string, string][] = [
    ["", "not a PEM file"],
    ["FIravJmut", "not a PEM file"],
    [PEM_070.replace("-----END", "-----"), "not a PEM file"],
    [PEM_070 + PEM_070, "not a PEM file"],
    [PEM_070.replaceAll("PRIVATE", "PUBLIC"), 'expected "X25519 PRIVATE KEY", found "X25519 PUBLIC KEY"'],
    [PEM_070.replace("END X25519 PRIVATE", "END X25519 PUBLIC"), "a damaged PEM file: it begins as"],
    [PEM_070.replace("=", ""), "are not base64"],
    [PEM_070.replace("FIra", "FI*a"), "are not base64"],
  ];
  for (const [text, reason] of cases) {
    const error = assertThrows(() => decodePem(TAG, text), Error, reason);
    assert(!error.message.includes("avJmut"));
  }
});

Deno.test("an error never quotes the contents, not even when they have run into a tag", () => {
  const contents = btoa("a private key of thirty-two bytes");
  const texts = [
    `-----BEGIN SPHINX PRIVATE KEY-${contents}-----END SPHINX PRIVATE KEY-----`,
    `-----BEGIN ${contents}-----\r\n-----END SPHINX PRIVATE KEY-----`,
    `-----BEGIN SPHINX PRIVATE KEY-----\r\n-----END ${contents}-----`,
  ];
  for (const text of texts) {
    const error = assertThrows(() => decodePem("SPHINX PRIVATE KEY", text), Error);
    assertEquals(error.message.includes(contents), false);
  }
});
