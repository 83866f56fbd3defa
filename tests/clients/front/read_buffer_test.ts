import { assertEquals, assertGreaterOrEqual, assertNotStrictEquals } from "@std/assert";
import { ReadBuffer } from "../../../src/clients/front/read_buffer.ts";

const SMALL = 1408;
const LARGE = 65_536;

/** A connection with `size` bytes, of which each read gets as many as it asks for. */
function source(size: number) {
  const asked: number[] = [];
  return {
    asked,
    read(buffer: Uint8Array): Promise<number | null> {
      asked.push(buffer.length);
      const length = Math.min(size, buffer.length);
      size -= length;
      return Promise.resolve(length === 0 ? null : length);
    },
  };
}

Deno.test("a buffer is large while much arrives, and small again afterwards", async () => {
  const buffer = new ReadBuffer();
  const connection = source(SMALL + LARGE + 5000);
  const lengths: (number | undefined)[] = [];
  for (let i = 0; i < 4; i++) lengths.push((await buffer.fill(connection))?.length);
  assertEquals(lengths, [SMALL, LARGE, 5000, undefined]);
  assertEquals(connection.asked, [SMALL, LARGE, LARGE, LARGE]);
  await buffer.fill(connection);
  assertEquals(connection.asked.at(-1), SMALL);
});

Deno.test("the number of large buffers is bounded, and those of ended connections are reused", async () => {
  const readers = Array.from({ length: 100 }, () => ({ buffer: new ReadBuffer(), connection: source(Infinity) }));
  for (const { buffer, connection } of readers) for (let i = 0; i < 2; i++) await buffer.fill(connection);
  assertEquals(readers.filter(({ connection }) => connection.asked[1] === LARGE).length, 64);
  for (const { buffer } of readers) buffer[Symbol.dispose]();
  using again = new ReadBuffer();
  const connection = source(Infinity);
  for (let i = 0; i < 2; i++) await again.fill(connection);
  assertEquals(connection.asked, [SMALL, LARGE]);
});

Deno.test("a buffer that is disposed during a read is not reused before the read ends", async () => {
  const buffer = new ReadBuffer();
  await buffer.fill(source(Infinity));
  const { promise, reject } = Promise.withResolvers<number | null>();
  let reading: Uint8Array | undefined;
  const filling = buffer.fill({
    read: (into) => {
      reading = into;
      return promise;
    },
  });
  buffer[Symbol.dispose]();
  using other = new ReadBuffer();
  const connection = source(Infinity);
  await other.fill(connection);
  assertNotStrictEquals((await other.fill(connection))!.buffer, reading!.buffer);
  reject(new Deno.errors.ConnectionReset());
  assertEquals(await filling, null);
});

Deno.test("a peer that sends its bytes one by one is read a bounded number of times a second", async () => {
  using buffer = new ReadBuffer();
  const began = performance.now();
  const dribble = { read: () => Promise.resolve(1) };
  for (let i = 0; i < 1400; i++) assertEquals((await buffer.fill(dribble))?.length, 1);
  assertGreaterOrEqual(performance.now() - began, 190); // 1000 at once, and 2000 a second
});
