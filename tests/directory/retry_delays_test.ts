import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { retryDelays } from "../../src/directory/retry_delays.ts";

function first(count: number, delays: Generator<number, never>): number[] {
  return Array.from({ length: count }, () => delays.next().value);
}

Deno.test("delays double up to their maximum", () => {
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
