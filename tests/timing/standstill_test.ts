import { assertEquals } from "@std/assert";
import { Standstill } from "../../src/timing/standstill.ts";

Deno.test("a standstill is noticed once, at the first check after it", () => {
  const standstill = new Standstill(0);
  assertEquals([1000, 2000, 40_000, 40_250, 41_000].map((now) => standstill.hasBeen(now)), [
    false,
    false,
    true,
    false,
    false,
  ]);
});
