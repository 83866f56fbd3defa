import { assert, assertEquals } from "@std/assert";
import { HeldPackets } from "../../src/mixnode/held_packets.ts";
import { eventually } from "../support/eventually.ts";

const TO = { host: "127.0.0.1", port: 1 };

/** Holds packets, and records the number and the time of each released one. */
class Rig {
  readonly released: number[] = [];
  readonly at: number[] = [];
  readonly held: HeldPackets;

  constructor(capacity = Infinity) {
    this.held = new HeldPackets(() => capacity, (to, packet) => {
      assertEquals(to, TO);
      this.released.push(packet[0]! << 8 | packet[1]!);
      this.at.push(performance.now());
    });
  }

  hold(number: number, delay: number): void {
    this.held.hold(TO, Uint8Array.of(number >> 8, number), delay);
  }
}

Deno.test("packets are released in the order in which they are due, none too early, and each once", async () => {
  const rig = new Rig();
  const delays = Array.from({ length: 2000 }, () => 1 + Math.random() * 80);
  const heldWithin = delays.map((delay, number) => {
    const before = performance.now();
    rig.hold(number, delay);
    return { before, after: performance.now() };
  });
  assertEquals(rig.released, []);
  await eventually("all are released", () => rig.released.length === delays.length);
  assertEquals(rig.held.size, 0);
  assertEquals(rig.released.toSorted((a, b) => a - b), delays.map((_, number) => number));
  const earliest = (number: number) => heldWithin[number]!.before + delays[number]!;
  const latest = (number: number) => heldWithin[number]!.after + delays[number]!;
  const { released, at } = rig;
  assert(released.every((number, i) => at[i]! >= earliest(number)), "too early");
  assert(released.every((number, i) => i === 0 || earliest(released[i - 1]!) <= latest(number)), "out of order");
});

Deno.test("a packet without a delay is released in the same turn", () => {
  const rig = new Rig();
  rig.hold(1, 0);
  assertEquals([rig.released, rig.held.size], [[1], 0]);
});

Deno.test("a packet that is due earlier does not wait for one that arrived before it", async () => {
  const rig = new Rig();
  rig.hold(1, 60_000);
  rig.hold(2, 5);
  await eventually("the second is released", () => rig.released.length === 1);
  assertEquals(rig.released, [2]);
  assertEquals(await rig.held.drain(0), 1);
});

Deno.test("there is room up to the capacity", () => {
  const rig = new Rig(2);
  assert(rig.held.hasRoomFor(200));
  rig.hold(1, 2000);
  rig.hold(2, 2000);
  assert(!rig.held.hasRoomFor(200));
  return rig.held.drain(0).then((dropped) => assertEquals(dropped, 2));
});

Deno.test("packets with long delays leave room for others", () => {
  const rig = new Rig(10);
  for (let n = 0; n < 10 && rig.held.hasRoomFor(60_000); n++) rig.hold(n, 60_000);
  assert(rig.held.hasRoomFor(200));
  return rig.held.drain(0).then((dropped) => assertEquals(dropped, 5));
});

Deno.test("draining releases what is due in time, and gives up the rest", async () => {
  const rig = new Rig();
  for (const [number, delay] of [[1, 20], [2, 60_000], [3, 40], [4, 30_000]] as const) rig.hold(number, delay);
  assertEquals(await rig.held.drain(5000), 2);
  assertEquals([rig.released, rig.held.size], [[1, 3], 0]);
});
