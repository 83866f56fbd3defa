import { assertEquals } from "@std/assert";
import { Descriptors } from "../../src/limits/descriptors.ts";

Deno.test("admitted connections that have not taken their descriptors yet are counted", () => {
  let [free, promised] = [40, 0];
  const asked: number[] = [];
  const descriptors = new Descriptors((most) => {
    asked.push(most);
    return Math.min(most, free);
  }, () => promised);
  assertEquals(descriptors.take(0), true);
  promised = 10;
  assertEquals([descriptors.take(100), asked], [false, [32, 42]]);
  free = 42;
  assertEquals(descriptors.take(200), true);
});
