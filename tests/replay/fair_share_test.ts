import { assert } from "@std/assert";
import fc from "fast-check";
import { surplusOf } from "../../src/replay/fair_share.ts";

Deno.test("destinations with the most tags are cut to one level, and those below it lose none", () => {
  const counts = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 20 }).map((each) => Uint32Array.from(each));
  fc.assert(fc.property(counts, fc.nat({ max: 300 }), (counts, target) => {
    const left = counts.map((count, i) => count - surplusOf(counts, target)[i]!);
    const total = left.reduce((sum, each) => sum + each, 0);
    const level = Math.max(...left);
    assert(total <= target);
    const cut = left.filter((each, i) => each < counts[i]!);
    assert(cut.every((each) => each === level));
    // A level higher by one would be too many.
    assert(cut.length === 0 || total + cut.length > target);
  }));
});
