import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { backoff, retryDelays } from "../../src/timing/backoff.ts";

Deno.test("delays double from the first to the longest, and end after it", () => {
  assertEquals([...backoff(10_000, 300_000)], [10_000, 20_000, 40_000, 80_000, 160_000, 300_000]);
  assertEquals([...backoff(10, 40)], [10, 20, 40]);
});

Deno.test("there is one delay when the first is the longest", () => {
  assertEquals([...backoff(50, 50)], [50]);
  assertEquals([...backoff(80, 50)], [50]);
});

function first(count: number, delays: Generator<number, never>): number[] {
  return Array.from({ length: count }, () => delays.next().value);
}

Deno.test("delays for ever double up to their maximum", () => {
  assertEquals(first(6, retryDelays(1, 10, () => 0)), [1, 2, 4, 8, 10, 10]);
});

Deno.test("delays are shortened by up to a half", () => {
  assertEquals(first(4, retryDelays(4, 10, () => 0.5)), [3, 6, 7.5, 7.5]);
});

Deno.test("no delay is above the maximum or below half of the initial one", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 5000 }), (initial, maximum) => {
    const smallest = Math.min(initial, maximum) / 2;
    assertEquals(first(20, retryDelays(initial, maximum)).filter((d) => d < smallest || d > maximum), []);
  }));
});
