import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Delivery } from "../../src/clients/delivery.ts";

const SIZE = 500;

/** A delivery with the messages `first` … `last` pushed. */
function pushed(first: number, last: number): Delivery {
  const delivery = new Delivery();
  for (let sequence = first; sequence <= last; sequence++) delivery.push(SIZE, sequence);
  return delivery;
}

Deno.test("rule 1: the client's acknowledgement confirms as many frames as it counts", () => {
  const delivery = pushed(11, 20);
  assertEquals(delivery.received(0), undefined);
  assertEquals(delivery.received(3), 13);
  assertEquals(delivery.received(3), undefined);
  assertEquals(delivery.received(2), undefined);
  assertEquals(delivery.open, true);
  assertEquals(delivery.received(10), 20);
  assertEquals(delivery.open, false);
});

Deno.test("rule 1: more than was pushed is all that was pushed, and nothing of what comes later", () => {
  const delivery = pushed(1, 2);
  assertEquals(delivery.received(1_000_000), 2);
  delivery.push(SIZE, 3);
  assertEquals(delivery.open, true);
  assertEquals(delivery.received(2), undefined);
  assertEquals(delivery.received(3), 3);
});

Deno.test("rule 1: cover frames count, and have no sequence number", () => {
  const delivery = new Delivery();
  delivery.push(18); // frame 1
  delivery.push(SIZE, 5); // frame 2
  delivery.push(18);
  delivery.push(SIZE, 6); // frame 4
  delivery.push(SIZE, 9); // frame 5: others' messages have the numbers between
  assertEquals(delivery.received(1), undefined);
  assertEquals(delivery.received(3), 5);
  assertEquals(delivery.received(4), 6);
  assertEquals(delivery.received(5), 9);
});

Deno.test("a client that acknowledges is held to it: no other rule counts any more", () => {
  const delivery = pushed(1, 4);
  delivery.observe(0, 0);
  assertEquals(delivery.received(1), 1);
  assertEquals(delivery.alive(100_000), undefined);
  assertEquals(delivery.observe(0, 200_000), undefined);
  assertEquals(delivery.observe(0, 300_000), undefined);
  assertEquals(delivery.ended(400_000), undefined);
  assertEquals(delivery.received(4), 4);
});

Deno.test("rule 2a: a frame of the client confirms what was taken at least 2 s before it", () => {
  const delivery = pushed(1, 2);
  assertEquals(delivery.observe(0, 1000), undefined);
  delivery.push(SIZE, 3);
  assertEquals(delivery.observe(0, 1500), undefined);
  assertEquals(delivery.alive(2999), undefined);
  assertEquals(delivery.alive(3000), 2);
  assertEquals(delivery.alive(3499), undefined);
  assertEquals(delivery.alive(3500), 3);
});

Deno.test("rule 2a: what nobody has seen to be taken is not confirmed, however old", () => {
  const delivery = pushed(1, 1);
  assertEquals(delivery.alive(1_000_000), undefined);
});

Deno.test("rule 2b: a connection still open 60 s after confirms what was taken", () => {
  const delivery = pushed(1, 2);
  assertEquals(delivery.observe(0, 1000), undefined);
  assertEquals(delivery.observe(0, 60_999), undefined);
  assertEquals(delivery.observe(0, 61_000), 2);
  assertEquals(delivery.open, false);
});

Deno.test("rule 3: a proper end confirms what was taken at least 1 s before it", () => {
  const delivery = pushed(1, 2);
  delivery.observe(0, 1000);
  delivery.push(SIZE, 3);
  delivery.observe(0, 1001);
  assertEquals(delivery.ended(2000), 2);
});

Deno.test("rule 3: an end within the second confirms nothing", () => {
  const delivery = pushed(1, 2);
  delivery.observe(0, 1000);
  assertEquals(delivery.ended(1999), undefined);
});

Deno.test("only what the socket buffers no more counts as taken", () => {
  const delivery = new Delivery();
  for (let sequence = 1; sequence <= 100; sequence++) delivery.push(1000, sequence);
  delivery.observe(40_000, 0); // 60 messages at most; bursts of 8
  assertEquals(delivery.alive(2000), 56);
  delivery.observe(1, 3000);
  assertEquals(delivery.alive(5000), 96);
  delivery.observe(0, 6000);
  assertEquals(delivery.alive(8000), 100);
});

Deno.test("time does not count while the client takes nothing: no ping can have told that it is there", () => {
  const delivery = pushed(1, 40);
  delivery.observe(10_000, 0);
  for (let now = 250; now <= 120_000; now += 250) assertEquals(delivery.observe(10_000, now), undefined);
  assertEquals(delivery.alive(121_999), undefined);
  assertEquals(delivery.ended(120_999), undefined);
  assertEquals(delivery.observe(5000, 122_000), undefined); // it reads again
  assertEquals(delivery.alive(122_000), 16);
  assertEquals(delivery.observe(0, 123_000), undefined);
  assertEquals(delivery.observe(0, 183_000), 40);
});

Deno.test("who takes answers all the time is no client that takes nothing, though one is always on its way", () => {
  const delivery = pushed(1, 2);
  delivery.observe(0, 1000);
  for (let now = 1250; now <= 3250; now += 250) {
    delivery.answered(30);
    assertEquals(delivery.observe(30, now), undefined);
  }
  assertEquals(delivery.alive(3250), 2);
});

Deno.test("cover frames between messages change nothing about what is confirmed", () => {
  const delivery = new Delivery();
  for (let sequence = 1; sequence <= 3; sequence++) {
    delivery.push(18);
    delivery.push(SIZE, sequence);
    delivery.push(18);
    delivery.observe(0, sequence * 1000);
  }
  assertEquals(delivery.alive(3000), 1);
  assertEquals(delivery.alive(4000), 2);
  assertEquals(delivery.alive(5000), 3);
});

Deno.test("covers alone leave nothing to confirm", () => {
  const delivery = new Delivery();
  for (let i = 0; i < 1000; i++) delivery.push(18);
  assertEquals(delivery.open, false);
  assertEquals(delivery.observe(0, 0), undefined);
  delivery.push(SIZE, 1);
  assertEquals(delivery.observe(SIZE, 1000), undefined);
  assertEquals(delivery.alive(10_000), undefined);
  assertEquals(delivery.observe(0, 20_000), undefined);
  assertEquals(delivery.alive(22_000), 1);
});

Deno.test("whatever is pushed and whenever it is taken: confirmed is what its rule says, in order, and no more", () => {
  const step = fc.record({
    pushes: fc.array(
      fc.record({ size: fc.nat({ max: 975 }), kind: fc.constantFrom("stored", "stored", "cover", "answer") }),
      { maxLength: 30 },
    ),
    buffered: fc.double({ min: 0, max: 1, noNaN: true }),
    pause: fc.nat({ max: 3000 }),
    alive: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const delivery = new Delivery();
      const frames: { sequence: number | undefined; end: number; takenAt: number | undefined }[] = [];
      let now = 0;
      let bytes = 0;
      let sequence = 0;
      let confirmed = 0;
      let buffered = 0;
      const check = (result: number | undefined, before: number) => {
        if (result === undefined) return;
        assertEquals(result > confirmed, true, "it is news");
        confirmed = result;
        const proven = frames.filter((frame) => frame.sequence !== undefined && frame.sequence <= result);
        for (const { takenAt } of proven) {
          assertEquals(takenAt !== undefined && takenAt <= before, true, "it was taken");
        }
      };
      for (const { pushes, buffered: share, pause, alive } of steps) {
        let size = 0;
        for (const push of pushes) {
          bytes += push.size;
          size += push.size;
          const isStored = push.kind === "stored";
          frames.push({ sequence: isStored ? ++sequence : undefined, end: bytes, takenAt: undefined });
          if (push.kind === "answer") delivery.answered(push.size);
          else delivery.push(push.size, isStored ? sequence : undefined);
        }
        buffered = Math.floor(share * (buffered + size));
        for (const frame of frames) if (frame.end <= bytes - buffered) frame.takenAt ??= now;
        check(delivery.observe(buffered, now), now - 60_000);
        now += pause;
        if (alive) check(delivery.alive(now), now - 2000);
      }
      for (const frame of frames) frame.takenAt ??= now;
      delivery.observe(0, now);
      check(delivery.alive(now + 2000), now);
      assertEquals(confirmed, sequence, "in the end, all of it");
      assertEquals(delivery.open, false);
    }),
    { seed: 70 },
  );
});
