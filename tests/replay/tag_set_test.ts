import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { TagSet } from "../../src/replay/tag_set.ts";
import { range } from "../mailbox/messages.ts";

const number32 = fc.integer({ min: 0, max: 0xffffffff });

Deno.test("a set contains what was added, and nothing else", () => {
  const few = fc.integer({ min: 0, max: 7 }); // few, so that many are the same
  const entries = fc.array(fc.tuple(fc.oneof(few, number32), fc.oneof(few, number32).map((low) => low || 1)));
  fc.assert(fc.property(entries, entries, (added, others) => {
    const set = new TagSet(1000, 0);
    const model = new Set<string>();
    for (const [high, low] of added) {
      assertEquals(set.has(high, low), model.has(`${high} ${low}`));
      if (!set.has(high, low)) set.add(high, low);
      model.add(`${high} ${low}`);
    }
    assertEquals(set.size, model.size);
    for (const [high, low] of [...added, ...others]) assertEquals(set.has(high, low), model.has(`${high} ${low}`));
  }));
});

for (const expected of [0, 5000, 12_288, 1e6]) {
  Deno.test(`a set that expects ${expected} can be filled to its capacity`, () => {
    const set = new TagSet(12_288, expected);
    const numbers = range(12_288, 1);
    for (const n of numbers) {
      assert(!set.isFull);
      set.add(n, 1);
    }
    assert(set.isFull);
    assert(numbers.every((n) => set.has(n, 1) && !set.has(n, 2)));
  });
}
