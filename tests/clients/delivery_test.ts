import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Delivery } from "../../src/clients/delivery.ts";

/** A delivery with the messages `first` … `last` pushed. */
function pushed(first: number, last: number): Delivery {
  const delivery = new Delivery();
  for (let sequence = first; sequence <= last; sequence++) delivery.push(sequence);
  return delivery;
}

Deno.test("an acknowledgement confirms the number of frames that it states", () => {
  const delivery = pushed(11, 20);
  assertEquals(delivery.received(0), undefined);
  assertEquals(delivery.received(3), 13);
  assertEquals(delivery.received(3), undefined);
  assertEquals(delivery.received(2), undefined);
  assertEquals(delivery.received(10), 20);
  assertEquals(delivery.received(10), undefined);
});

Deno.test("acknowledging more frames than were pushed confirms those, and none pushed later", () => {
  const delivery = pushed(1, 2);
  assertEquals(delivery.received(1_000_000), 2);
  delivery.push(3);
  assertEquals(delivery.received(2), undefined);
  assertEquals(delivery.received(3), 3);
});

Deno.test("cover frames count, but have no sequence number", () => {
  for (const rule of ["received", "read"] as const) {
    const delivery = new Delivery();
    delivery.push(); // frame 1
    delivery.push(5); // frame 2
    delivery.push();
    delivery.push(6); // frame 4
    delivery.push(9); // frame 5: the numbers between belong to other clients' messages
    assertEquals(delivery.frames, 5);
    assertEquals(delivery[rule](1), undefined);
    assertEquals(delivery[rule](3), 5);
    assertEquals(delivery[rule](4), 6);
    assertEquals(delivery[rule](5), 9);
  }
});

Deno.test("exactly the messages that the client has read are confirmed", () => {
  const delivery = pushed(11, 20);
  assertEquals(delivery.isUncertain, true);
  assertEquals(delivery.read(0), undefined);
  assertEquals(delivery.read(4), 14);
  delivery.push(21);
  assertEquals(delivery.read(4), undefined);
  assertEquals(delivery.read(10), 20);
  assertEquals(delivery.isUncertain, true);
  assertEquals(delivery.read(11), 21);
  assertEquals(delivery.isUncertain, false);
});

Deno.test("once a client has acknowledged, reading alone confirms nothing", () => {
  const delivery = pushed(1, 4);
  assertEquals(delivery.received(1), 1);
  assertEquals([delivery.isUncertain, delivery.read(4)], [false, undefined]);
  assertEquals(delivery.received(4), 4);
});

Deno.test("cover frames alone leave nothing to confirm", () => {
  const delivery = new Delivery();
  for (let i = 0; i < 1000; i++) delivery.push();
  assertEquals([delivery.frames, delivery.isUncertain, delivery.read(1000)], [1000, false, undefined]);
});

Deno.test("whatever is pushed and however far it is read, exactly that is confirmed, in order, and finally everything", () => {
  const step = fc.record({ pushes: fc.array(fc.boolean(), { maxLength: 30 }), read: fc.nat({ max: 40 }) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const delivery = new Delivery();
      const sequences: (number | undefined)[] = [];
      let sequence = 0;
      let read = 0;
      let confirmed = 0;
      for (const { pushes, read: more } of steps) {
        for (const isStored of pushes) {
          sequences.push(isStored ? sequence += 1 + sequences.length % 2 : undefined);
          delivery.push(sequences.at(-1));
        }
        read = Math.min(sequences.length, read + more);
        const last = sequences.slice(0, read).findLast((each) => each !== undefined) ?? 0;
        assertEquals(delivery.read(read), last > confirmed ? last : undefined);
        confirmed = Math.max(confirmed, last);
      }
      delivery.read(sequences.length);
      assertEquals(delivery.isUncertain, false);
    }),
    { seed: 70 },
  );
});
