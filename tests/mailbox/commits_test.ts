import { assertEquals } from "@std/assert";
import { Commits } from "../../src/mailbox/commits.ts";
import { eventually } from "../support/eventually.ts";

Deno.test("a commit takes everything that arrived since the previous one began, and a flush does not wait", async () => {
  using kv = await Deno.openKv(":memory:");
  const written: number[] = [];
  let waiting = 0;
  const source = {
    take() {
      if (waiting === 0) return undefined;
      const count = waiting;
      waiting = 0;
      const changes = kv.atomic().set(["commit", written.length], count);
      return { changes, written: () => written.push(count), givenUp: () => {} };
    },
    pause: () => undefined,
  };
  const commits = new Commits(source, () => {}, () => Promise.resolve(), 3_600_000);
  const add = async () => {
    waiting++;
    commits.start();
    await new Promise((resolve) => setTimeout(resolve)); // another turn of the event loop
  };
  await add();
  await eventually("the first one is written at once", () => written.length === 1);
  for (let i = 0; i < 10; i++) await add();
  assertEquals(written, [1]);
  await commits.flush();
  assertEquals(written, [1, 10]);
  assertEquals((await kv.get(["commit", 1])).value, 10);
});
