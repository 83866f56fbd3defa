import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { PeapError } from "../../src/peap/errors.ts";
import { exponential, pick, uniform } from "../../src/peap/random.ts";
import { coverMessage, isCoverMessage, RealStream } from "../../src/peap/traffic.ts";
import { Window } from "../../src/peap/window.ts";

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

Deno.test("the real stream gives turns in order, one at a time, then sends cover, until it ends", async () => {
  const ending = new AbortController();
  const covered = Promise.withResolvers<void>();
  const stream = new RealStream(1, covered.resolve);
  const order: number[] = [];
  const turns = [1, 2, 3].map((number) => stream.turn().then(() => void order.push(number)));
  const running = stream.run(ending.signal);
  await Promise.all([...turns, covered.promise]);
  assertEquals(order, [1, 2, 3]);
  const late = stream.turn();
  ending.abort();
  await assertRejects(() => late, PeapError, "closed");
  await running;
  await assertRejects(() => stream.turn(), PeapError, "closed");
});

Deno.test("a window admits its size, and the others in order as those leave", async () => {
  const window = new Window(2);
  const inside: number[] = [];
  const entering = [1, 2, 3, 4].map((number) => window.enter().then(() => void inside.push(number)));
  await Promise.all(entering.slice(0, 2));
  assertEquals(inside, [1, 2]);
  window.leave();
  await entering[2];
  assertEquals(inside, [1, 2, 3]);
  window.leave();
  await entering[3];
  window.leave();
  window.leave();
  await Promise.all([window.enter(), window.enter()]);
  assertEquals(inside, [1, 2, 3, 4]);
});
