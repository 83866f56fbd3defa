import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Origin, Origins } from "../../src/mixnet/origins.ts";

/** Origins that record when they proved good. */
function named(count: number): (Origin & { readonly provedAt: number[] })[] {
  return Array.from({ length: count }, () => {
    const provedAt: number[] = [];
    return { provedAt, proved: (now: number) => void provedAt.push(now) };
  });
}

Deno.test("results are reported to the origins of their packets, in whatever batches they arrive", () => {
  const [a, b, c] = named(3);
  const origins = new Origins();
  for (const origin of [a!, a!, b!, c!, c!, a!]) origins.add(origin);
  const isGood = [false, true, false, true, true, false];
  origins.settle(1, () => isGood[0]!, 1);
  origins.settle(3, (i) => isGood[1 + i]!, 2);
  origins.settle(2, (i) => isGood[4 + i]!, 3);
  assertEquals([a, b, c].map((origin) => origin!.provedAt), [[2], [], [2, 3]]);
});

Deno.test("in any sequence of packets and batches, each origin gets its own results", () => {
  const packets = fc.array(fc.record({ from: fc.nat(3), good: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(packets, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (sent, sizes) => {
    const all = named(4);
    const origins = new Origins();
    for (const { from } of sent) origins.add(all[from]!);
    let at = 0;
    while (at < sent.length) {
      const size = Math.min(sent.length - at, sizes.next().value);
      const batch = sent.slice(at, at + size);
      const before = all.map(({ provedAt }) => provedAt.length);
      origins.settle(size, (i) => batch[i]!.good, at);
      const learnt = all.map(({ provedAt }, i) => provedAt.length > before[i]!);
      assertEquals(learnt, all.map((_, i) => batch.some(({ from, good }) => from === i && good)));
      at += size;
    }
  }));
});
