import { assertEquals } from "@std/assert";
import { OneATask } from "../../src/timing/one_a_task.ts";

Deno.test("costly work begins at once, in order, and no two pieces of it in one task", async () => {
  const costly = new OneATask();
  const begun: number[] = [];
  const work = [1, 2, 3].map(async (n) => {
    await costly.turn();
    begun.push(n);
  });
  for (let i = 0; i < 100; i++) await undefined; // still in the same task
  assertEquals(begun, [1]);
  await Promise.all(work);
  assertEquals(begun, [1, 2, 3]);
});
