import { assertEquals } from "@std/assert";
import { ReadBuffer } from "../../../src/clients/front/read_buffer.ts";

Deno.test("a buffer is large while much comes, of which there are few, and small again after", () => {
  const sizes = Array.from({ length: 100 }, () => {
    const buffer = new ReadBuffer();
    return { buffer, before: buffer.bytes.length, filled: buffer.after(2048).length };
  });
  assertEquals(sizes.filter(({ before }) => before === 2048).length, 100);
  assertEquals(sizes.filter(({ filled }) => filled === 65_536).length, 64);
  for (const { buffer } of sizes) assertEquals(buffer.after(2047).length, 2048);
  using again = new ReadBuffer();
  assertEquals([again.after(2048).length, again.after(5000).length, again.after(100).length], [65_536, 65_536, 2048]);
});
