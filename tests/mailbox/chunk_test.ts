import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { bytesOf, CHUNK_OVERHEAD, decodeChunk, encodeChunk, firstOf, sizeInChunk } from "../../src/mailbox/chunk.ts";

const someMessages = fc.array(fc.uint8Array({ maxLength: 975 }), { minLength: 1, maxLength: 20 });

Deno.test("a chunk survives encoding and decoding", () => {
  fc.assert(
    fc.property(fc.integer({ min: 100 }), fc.double({ min: 0, noNaN: true }), someMessages, (last, time, messages) => {
      const { value, chunk } = encodeChunk(last, time, messages);
      assertEquals(value.length, messages.reduce((sum, message) => sum + sizeInChunk(message), CHUNK_OVERHEAD));
      assertEquals(chunk, { last, time, messages });
      assertEquals(decodeChunk(last, value), { last, time, messages });
      assertEquals(firstOf(chunk), last - messages.length + 1);
      assertEquals(bytesOf(chunk), messages.reduce((sum, message) => sum + message.length, 0));
    }),
  );
});

Deno.test("a chunk's messages are views of its value", () => {
  const { value, chunk } = encodeChunk(2, 0, [Uint8Array.of(1), Uint8Array.of(2, 3)]);
  for (const message of chunk.messages) assertStrictEquals(message.buffer, value.buffer);
});

Deno.test("a torn chunk is undefined or holds the messages before the cut", () => {
  fc.assert(fc.property(someMessages, fc.nat(), (messages, cut) => {
    const { value } = encodeChunk(100, 0, messages);
    const torn = decodeChunk(100, value.subarray(0, cut % value.length));
    if (torn !== undefined) assertEquals(torn.messages, messages.slice(0, torn.messages.length));
  }));
  assertEquals(decodeChunk(1, new Uint8Array(0)), undefined);
  assertEquals(decodeChunk(1, Uint8Array.of(0)), undefined);
  assertEquals(decodeChunk(1, Uint8Array.of(0, 2, 7)), undefined);
});
