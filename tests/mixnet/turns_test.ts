import { assertEquals } from "@std/assert";
import { Turns } from "../../src/mixnet/turns.ts";

Deno.test("the groups take turns, and within a group it is first come, first served", async () => {
  const turns = new Turns<string>();
  const order: string[] = [];
  const first = (await turns.take("pending", "first"))!;
  const waiting = (["p1", "p2", "p3", "p4", "k1", "k2", "c1"] as const).map(async (name) => {
    const group = ({ p: "pending", k: "known", c: "confirmed" } as const)[name[0] as "p" | "k" | "c"];
    using _turn = await turns.take(group, name);
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

Deno.test("a connection that leaves gets no turn, unless it has it already", async () => {
  const turns = new Turns<string>();
  const first = (await turns.take("known", "first"))!;
  const [leaving, staying] = [turns.take("pending", "leaving"), turns.take("pending", "staying")];
  for (const holder of ["first", "leaving"]) turns.leave(holder);
  assertEquals(await leaving, undefined);
  first[Symbol.dispose]();
  (await staying)![Symbol.dispose]();
  assertEquals(turns.isTaken, false);
});
