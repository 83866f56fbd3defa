import { assertAlmostEquals, assertEquals } from "@std/assert";
import { exponential, pick, uniform } from "../../src/peap/random.ts";
import { coverMessage, isCoverMessage } from "../../src/peap/traffic.ts";

Deno.test("a cover message is exactly the 18 bytes that gateways look for", () => {
  assertEquals(new TextDecoder().decode(coverMessage()), "The cake is a lie!");
  assertEquals(isCoverMessage(coverMessage()), true);
  assertEquals(isCoverMessage(new TextEncoder().encode("The cake is a pie!")), false);
  assertEquals(isCoverMessage(new TextEncoder().encode("The cake is a lie!!")), false);
  assertEquals(isCoverMessage(new Uint8Array()), false);
});

Deno.test("gaps are exponential with the given mean", () => {
  const gaps = Array.from({ length: 20_000 }, () => exponential(500));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  assertAlmostEquals(mean, 500, 25);
  assertAlmostEquals(Math.sqrt(variance), 500, 50);
});

Deno.test("pick returns any of the items, and undefined if there are none", () => {
  assertEquals([...new Set(Array.from({ length: 200 }, () => pick([1, 2, 3])))].sort(), [1, 2, 3]);
  assertEquals(pick([]), undefined);
  const draws = Array.from({ length: 1000 }, uniform);
  assertEquals(draws.every((draw) => draw > 0 && draw < 1), true);
});
