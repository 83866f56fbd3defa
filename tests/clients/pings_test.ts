import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Pings } from "../../src/clients/pings.ts";

Deno.test("an answered ping shows that everything sent before it has been read", () => {
  const pings = new Pings();
  const first = pings.next(10, 0);
  assertEquals(pings.pong(first), 10);
  assertEquals(pings.pong(first), undefined);
  assertEquals(pings.isOpen, false);
});

Deno.test("no other pong is an answer", () => {
  const pings = new Pings();
  const ping = pings.next(10, 0);
  for (const payload of [new Uint8Array(0), new Uint8Array(8), ping.subarray(1), Uint8Array.of(...ping, 0)]) {
    assertEquals(pings.pong(payload), undefined);
  }
  assertEquals(new Pings().pong(ping), undefined);
  assert(pings.isOpen);
});

Deno.test("the answer to a later ping also answers the earlier ones, whose own answers are then ignored", () => {
  const pings = new Pings();
  const [first, second, third] = [pings.next(10, 0), pings.next(20, 1), pings.next(30, 2)];
  assertEquals(pings.pong(second), 20);
  assertEquals(pings.pong(first), undefined);
  assertEquals(pings.pong(third), 30);
});

Deno.test("a ping is due once a second while frames are sent, at once when they stop, and never twice for the same frames", () => {
  const pings = new Pings();
  assertEquals(pings.isDue(0, 0), false);
  assertEquals(pings.isDue(1, 0), true);
  pings.pong(pings.next(1, 0));
  assertEquals(pings.isDue(1, 10), false);
  for (const [frames, now] of [[2, 250], [3, 500], [4, 999]] as const) assertEquals(pings.isDue(frames, now), false);
  assertEquals(pings.isDue(5, 1000), true);
  pings.pong(pings.next(5, 1000));
  assertEquals(pings.isDue(6, 1250), false);
  assertEquals(pings.isDue(6, 1500), true);
  pings.pong(pings.next(6, 1500));
  assertEquals(pings.isDue(6, 100_000), false);
});

Deno.test("an unanswered ping is repeated after 5 s, because a client may answer only the last one", () => {
  const pings = new Pings();
  pings.next(1, 0);
  assertEquals([pings.isDue(1, 4999), pings.isDue(1, 5000)], [false, true]);
  const again = pings.next(1, 5000);
  assertEquals(pings.isDue(2, 9999), false);
  assertEquals(pings.pong(again), 1);
  assertEquals(pings.isDue(2, 9999), true);
});

Deno.test("however many pings a client answers late, its last answer covers all frames", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(299), (asked, from) => {
    const pings = new Pings();
    const payloads = Array.from({ length: asked }, (_, i) => pings.next(i + 1, i));
    const answers = payloads.slice(Math.min(from, asked - 1)).map((payload) => pings.pong(payload));
    assertEquals(answers.at(-1), asked);
    assertEquals(pings.isOpen, false);
  }));
});

Deno.test("a client that sends nothing for 15 s is pinged, and is gone after another 15 s", () => {
  const pings = new Pings();
  const heardAt = 1000;
  assertEquals([pings.isSilent(heardAt, 15_999), pings.isSilent(heardAt, 16_000)], [false, true]);
  assertEquals(pings.isGone(heardAt, 100_000), false, "it was not asked");
  const ping = pings.next(0, 16_000);
  assertEquals([pings.isSilent(heardAt, 30_999), pings.isSilent(heardAt, 31_000)], [false, true]);
  assertEquals([pings.isGone(heardAt, 30_999), pings.isGone(heardAt, 31_000)], [false, true]);
  assertEquals(pings.isGone(31_000, 31_000), false, "it has sent something, though not an answer");
  pings.pong(ping);
  assertEquals(pings.isGone(heardAt, 31_000), false);
  pings.next(0, 50_000); // late, because the program stood still
  assertEquals([pings.isGone(heardAt, 64_999), pings.isGone(heardAt, 65_000)], [false, true]);
});
