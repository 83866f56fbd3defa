import { assertEquals } from "@std/assert";
import { Turns } from "../../src/mixnet/turns.ts";

Deno.test("the groups take turns, and within a group it is first come, first served", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const first = await turns.take("pending");
  const waiting = (["p1", "p2", "p3", "p4", "k1", "k2", "c1"] as const).map(async (name) => {
    const group = ({ p: "pending", k: "known", c: "confirmed" } as const)[name[0] as "p" | "k" | "c"];
    using _turn = await turns.take(group);
    order.push(name);
    await Promise.resolve(); // nobody else has it meanwhile
    order.push("done");
  });
  assertEquals([order, turns.isTaken], [[], true]);
  first[Symbol.dispose]();
  await Promise.all(waiting);
  assertEquals(order, ["k1", "c1", "p1", "k2", "p2", "p3", "p4"].flatMap((name) => [name, "done"]));
  assertEquals(turns.isTaken, false);
});
