import { assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import { bytesOf, type MessageData } from "../../src/peap/message_bytes.ts";

Deno.test("text and bytes in any form are sent as they are", () => {
  const bytes = Uint8Array.of(9, 1, 2, 3, 4, 9);
  const part = bytes.subarray(1, 5);
  const expected = Uint8Array.of(1, 2, 3, 4);
  assertEquals(bytesOf(part), expected);
  assertEquals(bytesOf(expected.buffer), expected);
  assertEquals(bytesOf(new DataView(bytes.buffer, 1, 4)), expected);
  assertEquals(bytesOf(new Uint16Array(expected.buffer)), expected);
  assertEquals(bytesOf(new Uint8ClampedArray(expected)), expected);
  assertEquals(bytesOf(new Uint8Array()), new Uint8Array());
  assertEquals(bytesOf("λ"), Uint8Array.of(0xce, 0xbb));
  assertEquals(bytesOf(""), new Uint8Array());
});

Deno.test("the bytes are a copy, so that the caller may reuse its own", () => {
  const bytes = Uint8Array.of(1);
  assertNotStrictEquals(bytesOf(bytes), bytes);
  const copies = [bytesOf(bytes), bytesOf(bytes.buffer)];
  bytes[0] = 2;
  assertEquals(copies, [Uint8Array.of(1), Uint8Array.of(1)]);
});

Deno.test("anything else is a TypeError that says what it was", () => {
  const others: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [7, "number"],
    [7n, "bigint"],
    [true, "boolean"],
    [{ hello: "world" }, "Object"],
    [[1, 2, 3], "Array"],
    [{ byteLength: 3 }, "Object"],
    [new Blob(["x"]), "Blob"],
    [new SharedArrayBuffer(1), "SharedArrayBuffer"],
  ];
  for (const [data, name] of others) assertThrows(() => bytesOf(data as MessageData), TypeError, name);
});
