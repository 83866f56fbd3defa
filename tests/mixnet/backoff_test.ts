import { assertEquals } from "@std/assert";
import { backoff, pause } from "../../src/mixnet/backoff.ts";

Deno.test("delays double from the first to the longest, and end after it", () => {
  assertEquals([...backoff(10_000, 300_000)], [10_000, 20_000, 40_000, 80_000, 160_000, 300_000]);
  assertEquals([...backoff(10, 40)], [10, 20, 40]);
});

Deno.test("there is one delay when the first is the longest", () => {
  assertEquals([...backoff(50, 50)], [50]);
  assertEquals([...backoff(80, 50)], [50]);
});

Deno.test("a pause ends by itself, and at once when aborted before or during it", async () => {
  const during = new AbortController();
  const pauses = [pause(0, during.signal), pause(1_000_000, during.signal), pause(1_000_000, AbortSignal.abort())];
  during.abort();
  assertEquals(await Promise.all(pauses), [undefined, undefined, undefined]);
});
