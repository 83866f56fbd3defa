import { assertEquals } from "@std/assert";
import { Change } from "../../src/timing/change.ts";

Deno.test("a change wakes all that wait for it, and none that wait for the one after it", async () => {
  const change = new Change();
  const woken: string[] = [];
  const wait = (name: string) => change.next.then(() => woken.push(name));
  const first = [wait("a"), wait("b")];
  change.happened();
  const later = wait("c");
  await Promise.all(first);
  assertEquals(woken, ["a", "b"]);
  change.happened();
  await later;
  assertEquals(woken, ["a", "b", "c"]);
});
